import { type Config, countViolations, type Health, healthOf, serverStatus } from '@agentcoord/core';
import { commandLineCaller, connect } from '../connection.ts';
import { printProgress } from '../output.ts';

/** What a database says of itself. */
export interface Diagnosis {
  health: Health;
  /** What must never be, with how often it is; undefined when it could not be counted in the time of a call. */
  violations: Record<string, number> | undefined;
}

/** Asks the configured database, and neither starts nor migrates it; undefined where there is none to ask. */
export async function diagnose(config: Config): Promise<Diagnosis | undefined> {
  if (config.url) return undefined;
  if (isEmbedded(config) && !(await serverStatus(config.home)).running) return undefined;
  const options = { identity: commandLineCaller(config), onProgress: printProgress, migrate: false };
  await using connection = await connect(config, options);
  if (!connection.database) return undefined;
  const { database } = connection;
  const [health, violations] = await Promise.all([
    healthOf(database),
    countViolations(database).catch(() => undefined),
  ]);
  return { health, violations };
}

export function isEmbedded(config: Config): boolean {
  return !config.url && !config.supabase_url && !config.database_url;
}

import { coordinatorOver } from '@agentcoord/contract';
import { type Config, serverStatus } from '@agentcoord/core';
import { commandLineCaller, connect } from '../connection.ts';
import { printProgress } from '../output.ts';
import { isEmbedded } from './diagnosis.ts';
import type { Finding, Subject } from './finding.ts';

/** Opening refuses a schema that is not the one this program needs. */
export async function checkBackend({ config }: Subject): Promise<Finding> {
  return (isEmbedded(config) ? await embeddedAtRest(config) : undefined) ?? (await answering(config));
}

/** What there is to say of the embedded server while it does not run. */
async function embeddedAtRest({ home }: Config): Promise<Finding | undefined> {
  const { running, stopped, version, log } = await serverStatus(home);
  if (running) return undefined;
  if (stopped) return { ok: false, detail: 'The embedded Postgres was stopped.', hint: 'Start it: agentcoord up' };
  return {
    ok: true,
    detail: `embedded Postgres ${version ?? ''}: not running, starts with the first use; log ${log}`,
  };
}

async function answering(config: Config): Promise<Finding> {
  const options = { identity: commandLineCaller(config), onProgress: printProgress, migrate: false };
  await using connection = await connect(config, options);
  const { database, transport } = connection;
  if (!database) {
    await coordinatorOver(transport).discoverAgents({ limit: 1 });
    return { ok: true, detail: `the coordinator at ${config.url} answers and accepts the key` };
  }
  const version = await database.call('schema_version', {});
  return { ok: true, detail: `${database.kind}, schema ${version}` };
}

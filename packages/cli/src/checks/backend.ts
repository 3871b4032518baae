import { coordinatorOver } from '@agentcoord/contract';
import { type Config, serverStatus } from '@agentcoord/core';
import { commandLineCaller, connect } from '../connection.ts';
import { printProgress } from '../output.ts';
import type { Finding } from './index.ts';

/** Opening refuses a schema that is too old to be brought up to date, and one that is newer than this program. */
export async function checkBackend(config: Config): Promise<Finding> {
  if (isEmbedded(config)) {
    const { running, stopped, version, log } = await serverStatus(config.home);
    if (stopped) return { ok: false, detail: 'The embedded Postgres was stopped.', hint: 'Start it: agentcoord up' };
    if (!running)
      return {
        ok: true,
        detail: `embedded Postgres ${version ?? ''}: not running, starts with the first use; log ${log}`,
      };
  }
  await using connection = await connect(config, { identity: commandLineCaller(config), onProgress: printProgress });
  const { database, transport } = connection;
  if (!database) {
    await coordinatorOver(transport).discoverAgents({ limit: 1 });
    return { ok: true, detail: `the coordinator at ${config.url} answers and accepts the key` };
  }
  const version = await database.call('schema_version', {});
  return { ok: true, detail: `${database.kind}, schema ${version}` };
}

function isEmbedded(config: Config): boolean {
  return !config.url && !config.supabase_url && !config.database_url;
}

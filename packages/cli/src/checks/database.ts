import { type Config, type Health, healthOf, serverStatus } from '@agentcoord/core';
import { commandLineCaller, connect } from '../connection.ts';
import { printProgress } from '../output.ts';
import type { Finding } from './index.ts';

/** Longest difference of clocks that is not worth a word, in seconds. The database's alone counts. */
const clockTolerance = 5;

/** Longest transaction that does not yet keep vacuum from its work, in seconds. */
const longTransaction = 60;

/** Whether what was acknowledged survives a crash of the database. */
export async function checkDurability(config: Config): Promise<Finding> {
  const health = await ask(config);
  if (!health) return skipped;
  const unsafe = Object.entries(health.settings).filter(([, value]) => value === 'off');
  if (unsafe.length === 0) return { ok: true, detail: 'fsync, full_page_writes and synchronous_commit are on' };
  const names = unsafe.map(([name]) => name).join(', ');
  return { ok: false, detail: `${names} off: a crash may undo what was acknowledged.`, hint: `Switch ${names} on.` };
}

export async function checkClock(config: Config): Promise<Finding> {
  const health = await ask(config);
  if (!health) return skipped;
  const difference = Math.round((Date.now() - Date.parse(health.now)) / 1000);
  const detail = `this machine is ${Math.abs(difference)} s ${difference < 0 ? 'behind' : 'ahead of'} the database`;
  if (Math.abs(difference) <= clockTolerance) return { ok: true, detail: 'agrees with the database' };
  return { ok: true, detail: `${detail}; harmless, since only the clock of the database counts` };
}

/** Whether somebody sweeps, and nothing keeps dead rows from being removed. */
export async function checkUpkeep(config: Config): Promise<Finding> {
  const health = await ask(config);
  if (!health) return skipped;
  if (health.oldest_transaction_seconds > longTransaction) {
    return {
      ok: false,
      detail: `A transaction has been open for ${health.oldest_transaction_seconds} s; claims slow down with it.`,
      hint: 'Look it up in pg_stat_activity and end it.',
    };
  }
  if (health.lapsed_sessions === 0) return { ok: true, detail: 'no dead session waits to be swept' };
  return {
    ok: false,
    detail: `${health.lapsed_sessions} dead sessions wait to be swept; what they held is free all the same.`,
    hint: 'Keep `agentcoord up` running, or run `agentcoord sweep`.',
  };
}

const skipped: Finding = { ok: true, detail: 'not asked: the database is not running here' };

/** Undefined where the database is another machine's business, or not running. */
async function ask(config: Config): Promise<Health | undefined> {
  if (config.url) return undefined;
  const embedded = !config.supabase_url && !config.database_url;
  if (embedded && !(await serverStatus(config.home)).running) return undefined;
  await using connection = await connect(config, { identity: commandLineCaller(config), onProgress: printProgress });
  return connection.database && healthOf(connection.database);
}

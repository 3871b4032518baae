import type { Health } from '@agentcoord/core';
import { fromNow } from '../moment.ts';
import { type Finding, type Subject, skipped } from './finding.ts';

/** Longest transaction that does not yet keep vacuum from its work, in seconds. */
const longTransaction = 60;

/** Seconds after which a sweep is overdue; somebody who is there does it every 5 s or so. */
const sweepDue = 30;

/** What to do when nobody has swept for too long; undefined when somebody has. */
export function sweepAdvice(health: Health): string | undefined {
  return isOverdue(health) ? 'Keep `agentcoord up` or an MCP server running, or run `agentcoord sweep`.' : undefined;
}

function isOverdue({ now, swept_at }: Health): boolean {
  return swept_at === null || Date.parse(now) - Date.parse(swept_at) > sweepDue * 1000;
}

/** Whether somebody cleans up after the dead; a failure only when there is something to clean up. */
export async function checkSweep({ diagnosis }: Subject): Promise<Finding> {
  const { health } = (await diagnosis()) ?? {};
  if (!health) return skipped;
  const { now, swept_at, lapsed_sessions, lapsed_claims } = health;
  const detail = swept_at === null ? 'never yet' : `last ${fromNow(swept_at, Date.parse(now))}`;
  const hint = sweepAdvice(health) ?? 'Run `agentcoord sweep`; if it repeats, this is a defect: report it.';
  if (lapsed_sessions + lapsed_claims > 0) {
    const waiting = `${lapsed_sessions} dead sessions and ${lapsed_claims} lapsed claims`;
    return { ok: false, detail: `${detail}; ${waiting} wait for it, though what they held is free all the same`, hint };
  }
  return isOverdue(health) ? { ok: true, detail: `${detail}; nothing waits for it`, hint } : { ok: true, detail };
}

/** Whether something keeps dead rows from being removed. */
export async function checkTransactions({ diagnosis }: Subject): Promise<Finding> {
  const { health } = (await diagnosis()) ?? {};
  if (!health) return skipped;
  const { oldest_transaction_seconds: seconds } = health;
  if (seconds <= longTransaction) return { ok: true, detail: `oldest transaction ${seconds} s` };
  return {
    ok: false,
    detail: `A transaction has been open for ${seconds} s; claims slow down with it.`,
    hint: 'Look it up in pg_stat_activity and end it.',
  };
}

/** Whether work lies about that nobody will do unless somebody looks at it. */
export async function checkQueue({ diagnosis }: Subject): Promise<Finding> {
  const { health } = (await diagnosis()) ?? {};
  if (!health) return skipped;
  if (health.failed_tasks === 0) return { ok: true, detail: 'no task has failed for good' };
  return {
    ok: true,
    detail: `${health.failed_tasks} tasks, of all projects, have failed for good`,
    hint: 'Look at them: agentcoord tasks --status failed',
  };
}

/** Seconds after which a row of the journal should have its seal. */
const sealDue = 60;

/** How large the journal is, and whether it is sealed: until then changes to it leave no trace. */
export async function checkJournal({ diagnosis }: Subject): Promise<Finding> {
  const { health } = (await diagnosis()) ?? {};
  if (!health) return skipped;
  const size = `${(health.journal_bytes / 1024 / 1024).toFixed(1)} MB`;
  if (health.unsealed_seconds <= sealDue) return { ok: true, detail: `${size}, sealed` };
  const detail = `${size}; rows wait for their seal since ${health.unsealed_seconds} s`;
  const hint = 'An open transaction keeps them back (see transactions), or no process is there that seals them.';
  return { ok: true, detail, hint: sweepAdvice(health) ?? hint };
}

/** Whether what must never be is not. */
export async function checkInvariants({ diagnosis }: Subject): Promise<Finding> {
  const found = await diagnosis();
  if (!found) return skipped;
  const { violations } = found;
  if (!violations) {
    return {
      ok: false,
      detail: 'not counted in the time of a call',
      hint: 'Ask again when the database is less busy, or has fewer dependencies.',
    };
  }
  const broken = Object.entries(violations).filter(([, count]) => count > 0);
  if (broken.length === 0) return { ok: true, detail: `${Object.keys(violations).length} hold` };
  return {
    ok: false,
    detail: broken.map(([name, count]) => `${count} ${name}`).join(', '),
    hint:
      'A defect, or rows were changed by hand. The new rows in coord.journal say who did what: keep a dump of the ' +
      'database and report it with `agentcoord doctor --json`.',
  };
}

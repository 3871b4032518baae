import { setTimeout as pause } from 'node:timers/promises';
import { CoordinationError, codeOfSqlState } from '@agentcoord/contract';
import postgres from 'postgres';

/** What a database said when it refused a call. */
export interface DatabaseRefusal {
  sqlstate: string;
  message: string;
  hint?: string | null | undefined;
}

/** The error a caller meets for a refusal; the database's own words only where they were written for callers. */
export function refusalError(refusal: DatabaseRefusal, where: string, cause: unknown): CoordinationError {
  const code = codeOfSqlState(refusal.sqlstate);
  if (code === 'unavailable') return unavailable(where, cause);
  if (code !== 'internal') {
    const hint = refusal.hint ?? 'Correct the input and call again.';
    return new CoordinationError({ code, message: refusal.message, hint }, { cause });
  }
  return new CoordinationError(
    {
      code,
      message: `${where} refused the call.`,
      hint: hints.get(refusal.sqlstate) ?? 'This is a defect: run `agentcoord doctor` and report what it says.',
      details: { sqlstate: refusal.sqlstate },
    },
    { cause },
  );
}

/** The error a caller meets for whatever postgres.js throws; its connection errors carry no SQLSTATE. */
export function errorOfDriver(error: unknown, where: string): CoordinationError {
  if (error instanceof CoordinationError) return error;
  if (!(error instanceof postgres.PostgresError)) return unavailable(where, error);
  return refusalError({ sqlstate: error.code, message: error.message, hint: error.hint }, where, error);
}

const hints = new Map([
  ['42883', 'The database is older or newer than this program: run `agentcoord doctor`.'],
  ['3F000', 'The schema is missing: start with `agentcoord up`, or apply supabase/migrations with `supabase db push`.'],
  ['42501', 'The role may not execute operations: grant coord_app to it.'],
]);

/** The one retryable "cannot answer now"; `where` says which database, without credentials. */
export function unavailable(where: string, cause?: unknown, hint = waitAndRetry): CoordinationError {
  return new CoordinationError({ code: 'unavailable', message: `${where} does not answer.`, hint }, { cause });
}

const waitAndRetry = 'Nothing needs to be changed: wait a few seconds and call again. `agentcoord doctor` says more.';

const lostToAnother = new Set(['40001', '40P01', '55P03']);

/** Milliseconds after which a call is not begun again, so that whoever waits for it hears of it. */
const repeatedWithin = 2500;

/**
 * Repeats a call that Postgres rolled back in favour of another one (deadlock, serialization, a row that another
 * keeps). It had no effect, so repeating is safe; three times in a row means something else is wrong. It waits for a
 * random moment, so that the same two do not meet again.
 */
export async function repeatingRolledBack<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  const begun = performance.now();
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      const sqlstate = (error as { cause?: { code?: unknown } }).cause?.code;
      if (typeof sqlstate !== 'string' || !lostToAnother.has(sqlstate)) throw error;
      if (attempt === 3 || performance.now() - begun > repeatedWithin) throw overtaken(error);
      await pause(Math.random() * 50);
    }
  }
}

const overtaken = (cause: unknown) =>
  new CoordinationError(
    {
      code: 'unavailable',
      message: 'Other calls were changing the same things, each time this one was tried.',
      hint: 'Nothing was changed: wait a moment and call again.',
    },
    { cause },
  );

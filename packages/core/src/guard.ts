import { CoordinationError, errorBodyOf, guardedValues, type Operation } from '@agentcoord/contract';
import { type Caller, payerOf } from './caller.ts';
import type { Database } from './database.ts';
import type { GuardedAction } from './guardrails/actions.ts';
import { inSlices } from './slices.ts';

type Reading = typeof import('./guardrails/actions.ts');

/** Loaded with the first call that is guarded, and asked for no more: an import costs 3 µs also when it is there. */
let reading: Reading | undefined;

/** What guardrails say of a call that may go on. */
export interface Guarded {
  readonly warnings: readonly unknown[];
  /** It may go on only as the repetition of an earlier call. */
  readonly repeats: boolean;
}

const nothing: Guarded = { warnings: [], repeats: false };

/**
 * Looks for commands in the guarded fields of an input; throws `forbidden` when guardrails stop it. The database is
 * asked only when there is something to ask: plain prose costs no round trip.
 */
export async function guard(
  database: Database,
  operation: Operation,
  caller: Caller,
  input: Record<string, unknown>,
): Promise<Guarded> {
  reading ??= await import('./guardrails/actions.ts');
  const actions = await inSlices(reading.actionsOf(guardedValues(operation.input, input)), payerOf(caller));
  return actions.length === 0 ? nothing : judge(actions, database, operation, caller);
}

async function judge(
  actions: readonly GuardedAction[],
  database: Database,
  operation: Operation,
  caller: Caller,
): Promise<Guarded> {
  // The engine is heavy, and most calls have nothing for it.
  const { violationsOf } = await import('./guardrails/guarded.ts');
  const found = await violationsOf(actions, database, caller);
  if (found.violations.length === 0) return nothing;
  const answer = await database.call('guard_call', {
    p_caller: caller,
    p_operation: operation.name,
    p_computed: found,
  });
  const error = errorBodyOf(answer);
  if (error) throw new CoordinationError(error);
  return answer as Guarded;
}

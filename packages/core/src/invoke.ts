import {
  CoordinationError,
  continuationOf,
  endsWaiting,
  errorBodyOf,
  hasGuarded,
  idempotencyKeyForm,
  idempotencyKeyWords,
  isRefusal,
  type Operation,
  wantsToWait,
} from '@agentcoord/contract';
import { argumentsOf, type CallArguments, fieldsIn } from './arguments.ts';
import type { Caller } from './caller.ts';
import type { Database } from './database.ts';
import { guard } from './guard.ts';
import { compute } from './handlers.ts';
import { parseInput } from './input.ts';
import { type Ending, wait } from './waiting/index.ts';

/**
 * The only way to an operation: checks the input, calls the SQL function of the same name as the given caller, and
 * turns an `error` in the answer into a `CoordinationError`. One validator, so every door says the same words. What is
 * `computed` goes by its handler. With `wait_seconds` it asks again until the answer is a yes or the time is over;
 * `ending` ends that early.
 */
export async function invoke(
  database: Database,
  operation: Operation,
  caller: Caller,
  input: unknown,
  ending: Ending = {},
): Promise<unknown> {
  const parsed = parseInput(operation, input);
  const asked = withInput(operation, caller, parsed);
  if (!hasGuarded(operation.input)) return carryOut(database, operation, asked, parsed, ending);
  const { warnings, repeats } = await guard(database, operation, asked, parsed);
  const answer = await carryOut(database, operation, repeats ? { ...asked, repeats: true } : asked, parsed, ending);
  return warnings.length > 0 ? { ...(answer as object), guardrails: warnings } : answer;
}

function carryOut(
  database: Database,
  operation: Operation,
  caller: Caller,
  parsed: Record<string, unknown>,
  ending: Ending,
): Promise<unknown> {
  const args = argumentsOf(operation, caller, parsed);
  if (operation.computed) {
    const store = (computed: Readonly<Record<string, unknown>>) =>
      ask(database, operation, { ...args, p_computed: computed });
    return compute(operation, { database, caller, input: parsed, store });
  }
  const { wakeups } = database;
  if (!wakeups || !wantsToWait(operation, parsed)) return ask(database, operation, args);
  return wait({
    ...ending,
    wakeups,
    project: caller.project_id,
    seconds: parsed.wait_seconds,
    follows: operation.follows === true,
    ask: repeatable(database, operation, args),
    isFinal: (answer) => endsWaiting(operation, answer),
  });
}

async function ask(database: Database, operation: Operation, args: CallArguments): Promise<unknown> {
  // Not awaited when there is nothing to wait for: every call comes this way.
  const authorising = database.policies?.authorise(operation, args.p_caller, () => fieldsIn(args));
  if (authorising) await authorising;
  const answer = await database.call(operation.name, args);
  const error = errorBodyOf(answer);
  if (error) throw new CoordinationError(error);
  // A call that was told no has changed nothing that others wait for, and is repeated while it waits itself; unless it
  // waits with another operation.
  if (operation.kind === 'write' && (operation.waitsWith || !isRefusal(operation, answer))) {
    database.wakeups?.announce(args.p_caller.project_id, operation.wakes === true);
  }
  return answer;
}

/** Asks for an answer again and again, in the way that does nothing twice. */
function repeatable(database: Database, operation: Operation, args: CallArguments) {
  let next: ReturnType<typeof continuationOf>;
  let { p_caller: caller } = args;
  return async (secondsLeft: number): Promise<unknown> => {
    if (!next) {
      const asked = { ...args, p_caller: caller, p_wait_seconds: secondsLeft };
      caller = { ...caller, repeated: true };
      const answer = await ask(database, operation, asked);
      next = continuationOf(operation, answer);
      return answer;
    }
    const { idempotency_key: _, ...p_caller } = caller;
    const fields = Object.entries(next.input).map(([field, value]) => [`p_${field}`, value]);
    return ask(database, next.operation, { p_caller, ...Object.fromEntries(fields), p_wait_seconds: secondsLeft });
  };
}

/**
 * With an idempotency key the database compares inputs: the same key with another input is a conflict. How long to wait
 * is no part of what is asked for, so that whoever lost an answer may ask again for the rest of the time. A read may be
 * repeated anyway, and its answer is not kept.
 */
function withInput(
  { kind }: Operation,
  { idempotency_key: key, ...caller }: Caller,
  { wait_seconds: _, ...input }: Record<string, unknown>,
): Caller & { input?: unknown } {
  if (key === undefined) return caller;
  if (idempotencyKeyForm.test(key)) return kind === 'read' ? caller : { ...caller, idempotency_key: key, input };
  throw new CoordinationError({
    code: 'invalid_input',
    message: `idempotency_key: must be ${idempotencyKeyWords}`,
    hint: 'Use a new key such as a UUID for each call that differs, or leave it out.',
  });
}

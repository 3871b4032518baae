import {
  CoordinationError,
  continuationOf,
  endsWaiting,
  errorBodyOf,
  idempotencyKeyForm,
  idempotencyKeyWords,
  isRefusal,
  type Operation,
  wantsToWait,
} from '@agentcoord/contract';
import type { z } from 'zod';
import type { Caller } from './caller.ts';
import type { Database } from './database.ts';
import { guard, isGuarded } from './guard.ts';
import { compute } from './handlers.ts';
import { findUnusableText } from './text.ts';
import { type Ending, wait } from './waiting/index.ts';

const maxDepth = 64;

/** Most values an input may have, of whatever kind: one call must not keep everybody else waiting. */
const maxValues = 20_000;

/** Most characters of all its texts, as long as a body over HTTP may be. */
const maxCharacters = 1_048_576;

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
  const warnings = isGuarded(operation) ? await guard(database, operation, caller, parsed) : [];
  const answer = await carryOut(database, operation, caller, parsed, ending);
  return warnings.length > 0 ? { ...(answer as object), guardrails: warnings } : answer;
}

async function carryOut(
  database: Database,
  operation: Operation,
  caller: Caller,
  parsed: Record<string, unknown>,
  ending: Ending,
): Promise<unknown> {
  const args: CallArguments = { p_caller: withInput(caller, parsed) };
  for (const field of Object.keys(operation.input.shape)) args[`p_${field}`] = parsed[field] ?? null;
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

/** The input again, as the definition names its fields. */
function fieldsIn(args: CallArguments): Record<string, unknown> {
  return Object.fromEntries(Object.entries(args).map(([name, value]) => [name.slice(2), value]));
}

interface CallArguments extends Record<string, unknown> {
  p_caller: Caller;
}

/**
 * With an idempotency key the database compares inputs: the same key with another input is a conflict. How long to wait
 * is no part of what is asked for, so that whoever lost an answer may ask again for the rest of the time.
 */
function withInput(
  caller: Caller,
  { wait_seconds: _, ...input }: Record<string, unknown>,
): Caller & { input?: unknown } {
  if (caller.idempotency_key === undefined) return caller;
  if (idempotencyKeyForm.test(caller.idempotency_key)) return { ...caller, input };
  throw new CoordinationError({
    code: 'invalid_input',
    message: `idempotency_key: must be ${idempotencyKeyWords}`,
    hint: 'Use a new key such as a UUID for each call that differs, or leave it out.',
  });
}

/** The input as the definition reads it; throws `invalid_input` that names the field. */
export function parseInput(operation: Operation, input: unknown): Record<string, unknown> {
  const unusable = findUnusable(input ?? {}, operation.name, 0, { values: 0, characters: 0 });
  if (unusable) throw invalidInput(operation, unusable);
  const parsed = operation.input.safeParse(input ?? {});
  if (!parsed.success) throw invalidInput(operation, ...parsed.error.issues.flatMap(describeIssue));
  return parsed.data;
}

interface Issue {
  field: string;
  problem: string;
}

function invalidInput(operation: Operation, ...issues: Issue[]): CoordinationError {
  const fields = Object.keys(operation.input.shape);
  const [first] = issues as [Issue];
  return new CoordinationError({
    code: 'invalid_input',
    message: first.field ? `${first.field}: ${first.problem}` : first.problem,
    hint: fields.length
      ? `Correct the field and call ${operation.name} again. It takes: ${fields.join(', ')}.`
      : `Call ${operation.name} again without input: it takes no fields.`,
    details: { issues: issues.slice(0, 10) },
  });
}

function describeIssue(issue: z.core.$ZodIssue): Issue[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ field: fieldName([...issue.path, key]), problem: 'unknown field' }));
  }
  return [{ field: fieldName(issue.path), problem: issue.message }];
}

function fieldName(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index ? '.' : ''}${String(part)}`))
    .join('')
    .slice(0, 200);
}

/** How much of an input has been looked at. */
interface Seen {
  values: number;
  characters: number;
}

/**
 * What JSON can carry and nobody should keep: endless nesting, numbers that are none, and texts that are too large or
 * not what they look like (see text.ts).
 */
function findUnusable(value: unknown, field: string, depth: number, seen: Seen): Issue | undefined {
  if (++seen.values > maxValues) return { field: '', problem: `the input has more than ${maxValues} values` };
  if (depth > maxDepth) return { field, problem: `nested deeper than ${maxDepth} levels` };
  if (typeof value === 'string') {
    seen.characters += value.length;
    if (seen.characters > maxCharacters)
      return { field: '', problem: `the input is longer than ${maxCharacters} characters` };
    const problem = findUnusableText(value);
    return problem === undefined ? undefined : { field, problem };
  }
  if (typeof value === 'number' && !Number.isFinite(value)) return { field, problem: 'not a finite number' };
  // It has been rounded on its way: an approval would be for another number than the one that was sent.
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    return { field, problem: 'a whole number beyond 2^53, which JSON readers round; send it as text' };
  }
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, item] of Object.entries(value)) {
    const name = depth === 0 ? key : fieldName([field, Array.isArray(value) ? Number(key) : key]);
    // Some validators drop it without a word.
    if (key === '__proto__') return { field: name, problem: 'no field can have this name' };
    const found = findUnusable(key, 'field name', depth + 1, seen) ?? findUnusable(item, name, depth + 1, seen);
    if (found) return found;
  }
  return undefined;
}

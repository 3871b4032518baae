import { CoordinationError, jsonSchemaOf, type Operation } from '@agentcoord/contract';
import type { z } from 'zod';
import { findUnusableText } from './text.ts';

const maxDepth = 64;

/** Most values and names of fields an input may have: one call must not keep everybody else waiting. */
const maxValues = 20_000;

/** Most characters of all its texts, as long as a body over HTTP may be. */
const maxCharacters = 1_048_576;

/** The input as the definition reads it; throws `invalid_input` that names the field. */
export function parseInput(operation: Operation, input: unknown): Record<string, unknown> {
  const unusable = findOverlong(operation, input) ?? findUnusable(input ?? {}, [], { values: 0, characters: 0 });
  if (unusable) throw invalidInput(operation, unusable);
  const parsed = operation.input.safeParse(input ?? {});
  if (!parsed.success)
    throw invalidInput(operation, ...parsed.error.issues.slice(0, mostIssues).flatMap(describeIssue));
  return parsed.data;
}

/** Problems that are told. */
const mostIssues = 10;

/** A list with more items than the field takes: Zod would look at each of them, and say of each what is wrong. */
function findOverlong(operation: Operation, input: unknown): Issue | undefined {
  for (const [field, most] of listsOf(operation)) {
    const value = (Object(input) as Record<string, unknown>)[field];
    if (Array.isArray(value) && value.length > most) return { field, problem: `must have at most ${most} items` };
  }
  return undefined;
}

const listsByOperation = new WeakMap<Operation, [field: string, most: number][]>();

/** The fields that are lists, with the most items that they take. */
function listsOf(operation: Operation): [field: string, most: number][] {
  const before = listsByOperation.get(operation);
  if (before) return before;
  const { properties = {} } = jsonSchemaOf(operation.input, 'input');
  const lists = Object.entries(properties).flatMap(([field, { maxItems }]): [string, number][] =>
    maxItems === undefined ? [] : [[field, maxItems]],
  );
  listsByOperation.set(operation, lists);
  return lists;
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
    details: { issues: issues.slice(0, mostIssues) },
  });
}

function describeIssue(issue: z.core.$ZodIssue): Issue[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys
      .slice(0, mostIssues)
      .map((key) => ({ field: fieldName([...issue.path, key]), problem: 'unknown field' }));
  }
  return [{ field: fieldName(issue.path), problem: problemOf(issue) }];
}

/** What must be, where Zod says "Invalid input: expected number, received undefined" or "Too big: expected …". */
function problemOf({ code, message }: z.core.$ZodIssue): string {
  if (message.endsWith('received undefined')) return 'is missing';
  if (code === 'invalid_type') {
    return message.replace('Invalid input: expected', 'must be of type').replace(', received', ', not');
  }
  return message
    .replace(/^Too (?:small|big): expected \w+ to (be|have) ([<>])=?/, (_, verb: string, sign: string) => {
      return `must ${verb} at ${sign === '<' ? 'most' : 'least'} `;
    })
    .replace(/^Invalid option: expected one of /, 'must be one of ');
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
function findUnusable(value: unknown, path: PropertyKey[], seen: Seen): Issue | undefined {
  if (++seen.values > maxValues)
    return { field: '', problem: `the input has more than ${maxValues} values and names of fields` };
  const problem = path.length > maxDepth ? `nested deeper than ${maxDepth} levels` : problemOfOne(value, seen);
  if (problem === tooLong) return { field: '', problem };
  if (problem !== undefined) return { field: fieldName(path), problem };
  if (typeof value !== 'object' || value === null) return undefined;
  // A place in a list is no value; the name of a field may be anything.
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      path.push(index);
      const found = findUnusable(value[index], path, seen);
      if (found) return found;
      path.pop();
    }
    return undefined;
  }
  for (const key of Object.keys(value)) {
    const ofKey = unusableName(key, path, seen);
    path.push(key);
    const found = ofKey ?? findUnusable((value as Record<string, unknown>)[key], path, seen);
    if (found) return found;
    path.pop();
  }
  return undefined;
}

const tooLong = `the input is longer than ${maxCharacters} characters`;

/** What is wrong with a value, whatever is in it. */
function problemOfOne(value: unknown, seen: Seen): string | undefined {
  if (typeof value === 'string') {
    seen.characters += value.length;
    return seen.characters > maxCharacters ? tooLong : findUnusableText(value);
  }
  if (typeof value !== 'number') return undefined;
  if (!Number.isFinite(value)) return 'not a finite number';
  // It has been rounded on its way: an approval would be for another number than the one that was sent.
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    return 'a whole number beyond 2^53, which JSON readers round; send it as text';
  }
  return undefined;
}

function unusableName(key: string, path: readonly PropertyKey[], seen: Seen): Issue | undefined {
  // Some validators drop it without a word.
  if (key === '__proto__') return { field: fieldName([...path, key]), problem: 'no field can have this name' };
  const found = findUnusable(key, [], seen);
  return found && { ...found, field: 'field name' };
}

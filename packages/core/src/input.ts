import { CoordinationError, type Operation } from '@agentcoord/contract';
import type { z } from 'zod';
import { findUnusableText } from './text.ts';

const maxDepth = 64;

/** Most values and names of fields an input may have: one call must not keep everybody else waiting. */
const maxValues = 20_000;

/** Most characters of all its texts, as long as a body over HTTP may be. */
const maxCharacters = 1_048_576;

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
function findUnusable(value: unknown, field: string, depth: number, seen: Seen): Issue | undefined {
  if (++seen.values > maxValues)
    return { field: '', problem: `the input has more than ${maxValues} values and names of fields` };
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
    // A place in a list is no value; the name of a field may be anything.
    const ofKey = Array.isArray(value) ? undefined : findUnusable(key, 'field name', depth + 1, seen);
    const found = ofKey ?? findUnusable(item, name, depth + 1, seen);
    if (found) return found;
  }
  return undefined;
}

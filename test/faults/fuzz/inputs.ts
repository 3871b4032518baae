import { type JsonSchema, jsonSchemaOf, type Operation } from '@agentcoord/contract';
import { exampleInput, type World } from '../../helpers/example_inputs.ts';
import type { Dice } from '../dice.ts';
import { oddFields, oddValue, Raw } from './oddities.ts';

type Fields = Record<string, unknown>;

const schemas = new WeakMap<Operation, JsonSchema>();

function schemaOf(operation: Operation): JsonSchema {
  const schema = schemas.get(operation) ?? jsonSchemaOf(operation.input, 'input');
  schemas.set(operation, schema);
  return schema;
}

/** An input made from the schema of the operation: right now and then, and otherwise wrong in one place or several. */
export function fuzzedInput(operation: Operation, world: World, dice: Dice): unknown {
  if (dice.chance(0.03)) return oddValue(dice);
  const input = withOptional(operation, exampleInput(operation, world), dice);
  const wrongs = dice.pick([0, 0, 1, 1, 1, 2, 3]);
  for (let wrong = 0; wrong < wrongs; wrong++) spoil(input, operation, dice);
  return impatient(input);
}

/** Fields that may be left out are tried too, with what their schema allows at its edges. */
function withOptional(operation: Operation, input: Fields, dice: Dice): Fields {
  for (const [field, schema] of Object.entries(schemaOf(operation).properties ?? {})) {
    if (!(field in input) && dice.chance(0.3)) input[field] = edgeOf(schema, dice);
  }
  return input;
}

function edgeOf(schema: JsonSchema, dice: Dice): unknown {
  const { minimum = 0, maximum = 2 ** 31, minLength = 0, maxLength = 100, items, properties } = schema;
  if (schema.enum) return dice.pick(schema.enum);
  if (schema.anyOf) return edgeOf(dice.pick(schema.anyOf), dice);
  const type = [schema.type].flat()[0];
  if (type === 'integer' || type === 'number') return dice.pick([minimum, maximum, minimum - 1, maximum + 1]);
  if (type === 'boolean') return dice.chance(0.5);
  if (type === 'string') return 'x'.repeat(Math.max(dice.pick([minLength, maxLength, maxLength + 1]), 0));
  if (type === 'null') return null;
  if (type === 'array') {
    const most = schema.maxItems ?? 5;
    return Array.from({ length: dice.pick([schema.minItems ?? 0, 1, most, most + 1]) }, () =>
      edgeOf(items ?? {}, dice),
    );
  }
  return Object.fromEntries(Object.entries(properties ?? {}).map(([field, inner]) => [field, edgeOf(inner, dice)]));
}

/** Makes one thing wrong: a value, a missing field, or one that nobody declared, at the top or deeper. */
function spoil(input: Fields, operation: Operation, dice: Dice): void {
  const target = dice.chance(0.25) ? innerOf(input, dice) : input;
  const fields = Object.keys(target);
  const kind = dice.fraction();
  if (kind < 0.2 || fields.length === 0) define(target, dice.pick(oddFields), oddValue(dice));
  else if (kind < 0.35) delete target[dice.pick(fields)];
  else if (kind < 0.45) target[dice.pick(fields)] = edgeOf(schemaOf(operation), dice);
  else define(target, dice.pick(fields), oddValue(dice));
}

/** `__proto__` becomes a field, and not the prototype. */
function define(target: Fields, field: string, value: unknown): void {
  if (Array.isArray(target)) target.push(value);
  else Object.defineProperty(target, field, { value, enumerable: true, configurable: true, writable: true });
}

function innerOf(input: Fields, dice: Dice): Fields {
  const isOpen = (value: unknown) => typeof value === 'object' && value !== null && !(value instanceof Raw);
  const inner = Object.values(input).filter(isOpen) as Fields[];
  return inner.length > 0 ? dice.pick(inner) : input;
}

/** Nobody waits here: 300 seconds of it are right, and would take as long. */
function impatient(input: Fields): Fields {
  const seconds = input.wait_seconds;
  if (typeof seconds === 'number' && seconds > 0 && seconds <= 300) input.wait_seconds = 0;
  return input;
}

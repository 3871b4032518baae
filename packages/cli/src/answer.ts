import type { JsonSchema } from '@agentcoord/contract';
import { row, widthOf } from './layout.ts';
import { tableOf } from './table.ts';
import { type Fields, isListOfObjects, objectText, textOf } from './values.ts';
import { inCommands } from './wording.ts';

/** Puts fields into the order of their definition; a database orders them by length. A count that stopped is `1000+`. */
export function readable(value: unknown, schema: JsonSchema = {}): unknown {
  if (Array.isArray(value)) return value.map((item) => readable(item, schema.items));
  if (schema['x-or-more'] && value === schema.maximum) return `${value}+`;
  if (typeof value !== 'object' || value === null) return value;
  if (isFreeForm(schema)) return JSON.stringify(value);
  const fields = value as Fields;
  const names = new Set([...Object.keys(schema.properties ?? {}), ...Object.keys(fields)]);
  const known = [...names].filter((name) => Object.hasOwn(fields, name));
  return Object.fromEntries(known.map((name) => [name, readable(fields[name], schema.properties?.[name])]));
}

/** What somebody handed over, such as the payload that one is asked to approve: shown as it is, to the last newline. */
function isFreeForm(schema: JsonSchema): boolean {
  const parts = schema.anyOf ?? [schema];
  return parts.some((part) => part.type === 'object' && !part.properties && !('additionalProperties' in part));
}

/** An answer for people, in its order: `key  value` lines, a table for each list of objects. */
export function render(answer: Fields, width: number): string {
  const entries = Object.entries(answer).filter(([, value]) => value !== null && value !== undefined);
  const isSeveral = entries.filter(([, value]) => isListOfObjects(value)).length > 1;
  const blocks: string[] = [];
  let facts: [string, unknown][] = [];
  const endFacts = () => {
    if (facts.length > 0) blocks.push(linesOf(facts, width));
    facts = [];
  };
  for (const [name, value] of entries) {
    if (isListOfObjects(value)) {
      endFacts();
      const isDeep = value.some((item) => Object.values(item).some((part) => isLongObject(part, width)));
      if (isDeep) blocks.push(...value.map((item, index) => nested(`${name} ${index + 1}`, item, width)));
      else blocks.push(isSeveral ? `${name}\n${tableOf(value, width)}` : tableOf(value, width));
    } else if (isLongObject(value, width)) {
      endFacts();
      blocks.push(nested(name, value, width));
    } else facts.push([name, value]);
  }
  endFacts();
  return blocks.join('\n\n') || 'none';
}

/** A block of its own below its name. */
function nested(name: string, value: Fields, width: number): string {
  return `${name}\n${render(value, width - 2).replace(/^/gm, '  ')}`;
}

function linesOf(facts: readonly [string, unknown][], width: number): string {
  const longest = Math.max(...facts.map(([name]) => name.length));
  const rows = facts.flatMap(([name, value]) =>
    partsOf(name === 'hint' ? inCommands(String(value)) : value).map((part, index) => [
      index === 0 ? name : '',
      textOf(part, name),
    ]),
  );
  return rows.map((cells) => row(cells, [longest, width - longest - 2])).join('\n');
}

/** Sentences have a line each; words stand behind each other. */
function partsOf(value: unknown): readonly unknown[] {
  const isText = Array.isArray(value) && value.some((item) => typeof item === 'string' && item.includes(' '));
  return isText ? value : [value];
}

function isLongObject(value: unknown, width: number): value is Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return widthOf(objectText(value as Fields)) > width;
}

import { fromNow, isInstant } from './moment.ts';
import { tableOf } from './table.ts';

type Fields = Record<string, unknown>;

const uuidForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The part of an output's JSON Schema that says in which order people read it. */
export interface OutputSchema {
  properties?: Record<string, OutputSchema>;
  items?: OutputSchema;
}

/** Puts fields into the order of their definition; a database orders them by length. */
export function inOrder(value: unknown, schema: OutputSchema = {}): unknown {
  if (Array.isArray(value)) return value.map((item) => inOrder(item, schema.items));
  if (typeof value !== 'object' || value === null) return value;
  const fields = value as Fields;
  const names = new Set([...Object.keys(schema.properties ?? {}), ...Object.keys(fields)]);
  const known = [...names].filter((name) => Object.hasOwn(fields, name));
  return Object.fromEntries(known.map((name) => [name, inOrder(fields[name], schema.properties?.[name])]));
}

/** An answer for people: `key  value` lines, then a table for each list of objects. */
export function render(answer: Fields, width: number): string {
  const entries = Object.entries(answer).filter(([, value]) => value !== null && value !== undefined);
  const lists = entries.filter((entry): entry is [string, Fields[]] => isListOfObjects(entry[1]));
  const nested = entries.filter((entry): entry is [string, Fields] => isLongObject(entry[1], width));
  const rest = entries.filter(([, value]) => !isListOfObjects(value) && !isLongObject(value, width));
  const blocks = [
    linesOf(rest),
    ...nested.map(([name, fields]) => `${name}\n${render(fields, width - 2).replace(/^/gm, '  ')}`),
    ...lists.map(([name, rows]) => section(name, rows, width, lists.length > 1)),
  ];
  return blocks.filter(Boolean).join('\n\n') || 'none';
}

function linesOf(entries: readonly [string, unknown][]): string {
  const longest = Math.max(0, ...entries.map(([key]) => key.length));
  return entries.map(([key, value]) => `${key.padEnd(longest)}  ${textOf(value)}`.trimEnd()).join('\n');
}

function section(name: string, rows: readonly Fields[], width: number, several: boolean): string {
  const names = columnsOf(rows);
  const table = tableOf(
    names,
    rows.map((row) => names.map((key) => textOf(row[key]))),
    width,
  );
  return several ? `${name}\n${table}` : table;
}

/** Columns that say something; ids other than the first are for programs, and come last. */
function columnsOf(rows: readonly Fields[]): string[] {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const filled = names.filter((name) => rows.some((row) => textOf(row[name]) !== ''));
  const isForeignId = (name: string) => name !== filled[0] && rows.some((row) => uuidForm.test(String(row[name])));
  return [...filled.filter((name) => !isForeignId(name)), ...filled.filter(isForeignId)];
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (isInstant(value)) return fromNow(value);
  if (Array.isArray(value)) return value.map(textOf).join(', ') || 'none';
  if (typeof value === 'object') return objectText(value as Fields);
  return printable(String(value));
}

/** Short objects read as `ready 3, blocked 1`; those within others stay JSON. */
function objectText(value: Fields): string {
  const entries = Object.entries(value).filter(([, item]) => item !== null);
  if (entries.some(([, item]) => typeof item === 'object')) return printable(JSON.stringify(value));
  return entries.map(([key, item]) => `${key} ${textOf(item)}`).join(', ');
}

/** Texts come from other agents: what could steer a terminal is shown as its code. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (character) =>
    character === '\n' ? ' ' : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function isListOfObjects(value: unknown): value is Fields[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'object' && item !== null);
}

function isLongObject(value: unknown, width: number): value is Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return objectText(value as Fields).length > width;
}

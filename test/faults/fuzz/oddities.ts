import type { Dice } from '../dice.ts';

/** JSON text that `JSON.stringify` cannot write; put in place of a value. */
export class Raw {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const nested = (levels: number) => new Raw(`${'['.repeat(levels)}${']'.repeat(levels)}`);

/** Texts that some layer may take for something else. */
const texts = [
  '',
  ' ',
  '\n',
  'x'.repeat(262_145),
  'ü'.repeat(600),
  'a\0b',
  '\ud800',
  'x\udc00',
  '\u202egpj.exe',
  '\u200b',
  '\ufeff{}',
  "'; drop table coord.tasks; --",
  '$1',
  '%s%n',
  '\\',
  '"',
  '{}',
  '../../etc/passwd',
  'C:\\windows',
  'src/**/**/**/*.ts',
  '[z-a]',
  '(((((a+)+)+)+)+)+$',
  '-1',
  '1e400',
  '9223372036854775808',
  'NaN',
  'null',
  'now',
  'infinity',
  '0000-01-01T00:00:00Z',
  '9999-12-31T23:59:60Z',
  '2026-02-30T00:00:00Z',
  '00000000-0000-0000-0000-000000000000',
  '{00000000-0000-0000-0000-000000000000}',
  '019A8E7C-2F64-7CC1-9D0E-5A1B2C3D4E5F',
  'Ω≈ç√',
  '👩‍👩‍👧',
  'e\u0301',
  '__proto__',
  'constructor',
];

const numbers = [-1, 0, 1, 1.5, -0, 2 ** 31, 2 ** 53, 2 ** 53 - 1, -(2 ** 63), 1e308, 5e-324];
const raws = ['1e400', '-1e400', 'NaN', 'Infinity', '0x10', '01', '+1', '.5', '1.', "'x'", 'undefined', '/**/1', 'tru'];

/** Fields that nobody declared; some that objects have by themselves, some that say who calls. */
export const oddFields = [
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', 'then', 'toJSON', 'length'],
  ...['p_caller', 'caller', 'project_id', 'session_id', 'key_id', 'agent', 'trust', 'p_trust', 'input', 'p_computed'],
  ...['', ' ', 'a.b', 'a[0]', '$where', 'x'.repeat(10_000), 'na\0me', '\ud800', 'idempotency_key', 'Title', 'title '],
];

/** Something that stands where it should not. */
export function oddValue(dice: Dice): unknown {
  const kind = dice.fraction();
  if (kind < 0.45) return dice.pick(texts);
  if (kind < 0.6) return dice.pick(numbers);
  if (kind < 0.68) return new Raw(dice.pick(raws));
  if (kind < 0.72) return nested(dice.pick([10, 65, 70, 1000, 20_000]));
  if (kind < 0.74) return Array.from({ length: dice.pick([51, 101, 1001, 20_001]) }, () => 'a.ts');
  return dice.pick<unknown>([null, true, false, [], {}, [null], [[]], ['x', 1], { x: 1 }, { constructor: { x: 1 } }]);
}

/** The value as JSON, with what is raw in its place, and a field `__proto__` like any other. */
export function jsonOf(value: unknown): string {
  if (value instanceof Raw) return value.text;
  if (Array.isArray(value)) return `[${[...value].map((item) => jsonOf(item)).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  return `{${Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${jsonOf(item)}`)}}`;
}

/** Damages a text somewhere, as a bad connection or a bad client does. */
export function damaged(text: string, dice: Dice): Buffer {
  const bytes = Buffer.from(text);
  const at = dice.between(0, Math.max(bytes.length - 1, 0));
  const kind = dice.between(0, 5);
  if (kind === 0) return bytes.subarray(0, at);
  if (kind === 1)
    return Buffer.concat([bytes.subarray(0, at), Buffer.from([dice.between(0, 255)]), bytes.subarray(at)]);
  if (kind === 2) return Buffer.concat([bytes, bytes]);
  if (kind === 3) return Buffer.concat([Buffer.from('\ufeff'), bytes]);
  if (kind === 4) return Buffer.from(text, 'utf16le');
  bytes[at] = dice.between(0, 255);
  return bytes;
}

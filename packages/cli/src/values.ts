import { isUuid } from '@agentcoord/contract';
import { fromNow, isInstant, lasting } from './moment.ts';

export type Fields = Record<string, unknown>;

/** A value as people read it: instants from now, durations in their unit, lists with commas; '' for nothing. */
export function textOf(value: unknown, name = ''): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number' && name.endsWith('_seconds')) return lasting(value);
  if (isInstant(value)) return fromNow(value);
  if (Array.isArray(value)) return value.map((item) => textOf(item)).join(', ') || 'none';
  if (typeof value === 'object') return objectText(value as Fields);
  return printable(String(value));
}

/** Short objects read as `ready 3, blocked 1`, their ids last; those within others stay JSON. */
export function objectText(value: Fields): string {
  const entries = Object.entries(value).filter(([, item]) => item !== null && item !== undefined);
  if (entries.some(([, item]) => typeof item === 'object')) return printable(JSON.stringify(value));
  const ordered = [...entries.filter(([, item]) => !isUuid(item)), ...entries.filter(([, item]) => isUuid(item))];
  return ordered.map(([key, item]) => `${key} ${textOf(item, key)}`).join(', ');
}

export function isListOfObjects(value: unknown): value is Fields[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'object' && item !== null);
}

/** Texts come from other agents: what could steer a terminal is shown as its code. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (character) =>
    character === '\n' ? ' ' : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

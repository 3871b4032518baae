import { isCommandName } from './command_names.ts';
import type { Context } from './context.ts';
import { proseActions } from './prose.ts';

/** A command that an input holds, and where. */
export interface GuardedAction {
  field: string;
  text: string;
  context: Context;
  /** True when it may as well be a sentence: see `ProseAction`. */
  doubtful?: true;
}

/** Keys whose text is a command by their name alone. */
const commandKeys = /^(commands?|cmds?|shell|scripts?|run|exec|bash|sh|command_line|argv|entrypoint)$/i;
const sqlKeys = /^(sql|query|queries|statement|statements)$/i;
/** Keys of what a command beside them is called with. */
const argumentKeys = /^(args|arguments|parameters|params)$/i;

/** Longest name of a field that is told; what is nested deeper goes by the name of what it is in. */
const longestField = 500;

/** A value that is still to be looked at. */
interface Part {
  field: string;
  value: unknown;
  key: string;
}

/**
 * The commands in a field: in text those that stand as such, in JSON also those under keys that say so. However deep they
 * are nested, no call stands upon another.
 */
export function actionsIn(field: string, value: unknown): GuardedAction[] {
  const actions: GuardedAction[] = [];
  const waiting: Part[] = [{ field, value, key: '' }];
  for (let part = waiting.pop(); part; part = waiting.pop()) {
    for (const action of ownActions(part)) actions.push(action);
    const parts = partsOf(part);
    while (parts.length > 0) waiting.push(parts.pop() as Part);
  }
  return actions;
}

/** What a value holds besides its parts. */
function ownActions({ field, value, key }: Part): GuardedAction[] {
  if (typeof value === 'string') return textActions(field, value, key);
  if (typeof value !== 'object' || value === null) return [];
  if (!Array.isArray(value)) return calledWith(field, value as Record<string, unknown>);
  const words = commandKeys.test(key) ? wordsOf(value) : undefined;
  return words ? listActions(field, words, key) : [];
}

function partsOf({ field, value, key }: Part): Part[] {
  if (typeof value !== 'object' || value === null) return [];
  const name = (inner: string) => (field.length > longestField ? field : field + inner);
  if (!Array.isArray(value)) {
    return Object.entries(value).map(([inner, item]) => ({ field: name(`.${inner}`), value: item, key: inner }));
  }
  if (commandKeys.test(key) && wordsOf(value)) return [];
  return value.map((item, index) => ({ field: name(`[${index}]`), value: item, key }));
}

function textActions(field: string, text: string, key: string): GuardedAction[] {
  if (commandKeys.test(key)) return [{ field, text, context: 'shell' }];
  if (sqlKeys.test(key)) return [{ field, text, context: 'sql' }];
  return proseActions(text).map((action) => ({ field, ...action }));
}

/** The items of a list as words; undefined when one is neither text, nor a number, nor a truth value. */
function wordsOf(list: readonly unknown[]): string[] | undefined {
  return list.every((item) => /^(string|number|boolean)$/.test(typeof item)) ? list.map(String) : undefined;
}

/**
 * ["rm", "-rf", "my dir"] is one command with its arguments, ["npm test", "npm run lint"] are several, and nobody can tell
 * what ["ls", "rm -rf x"] is: where both may be meant, both are judged.
 */
function listActions(field: string, words: readonly string[], key: string): GuardedAction[] {
  const [first = ''] = words;
  const one = /\s/.test(first) ? [] : commandOf(field, words);
  if (!words.some((word) => /\s/.test(word))) return one;
  // With an option among them they are arguments, which may be anything: what is nothing but a command is taken for one.
  const isArgument = isCommandName(first) && words.some((word) => word.startsWith('-'));
  const several = words.flatMap((word, index) =>
    textActions(`${field}[${index}]`, word, isArgument ? '' : key).filter(({ context }) => context === 'shell'),
  );
  return [...several, ...one];
}

/** { "command": "rm", "args": ["-rf", "/"] } is one command as well. */
function calledWith(field: string, value: Record<string, unknown>): GuardedAction[] {
  const names = Object.keys(value);
  const given = value[names.find((name) => argumentKeys.test(name)) ?? ''];
  const words = Array.isArray(given) ? wordsOf(given) : typeof given === 'string' ? given.split(/\s+/) : undefined;
  if (!words) return [];
  return names.flatMap((name) => {
    const command = commandKeys.test(name) ? value[name] : undefined;
    const before = Array.isArray(command) ? wordsOf(command) : typeof command === 'string' ? [command] : undefined;
    return before ? commandOf(`${field}.${name}`, [...before, ...words]) : [];
  });
}

/** A program with its arguments: as they are, and where that makes a difference also as a shell reads them. */
function commandOf(field: string, words: readonly string[]): GuardedAction[] {
  const quoted = words.map((word) => (/^[\w./:@%+,=^-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`));
  const exact = quoted.join(' ');
  const loose = words.some((word) => /\s/.test(word)) ? exact : words.join(' ');
  return [...new Set([exact, loose])].map((text) => ({ field, text, context: 'shell' }));
}

import { isCommandName } from './command_names.ts';
import type { Context } from './context.ts';
import { proseActions } from './prose.ts';

/** A command that an input holds, and where. */
export interface GuardedAction {
  field: string;
  text: string;
  context: Context;
}

/** Keys whose text is a command by their name alone. */
const commandKeys = /^(commands?|cmds?|shell|scripts?|run|exec|bash|sh|command_line|argv|entrypoint)$/i;
const sqlKeys = /^(sql|query|queries|statement|statements)$/i;
/** Keys of what a command beside them is called with. */
const argumentKeys = /^(args|arguments|parameters|params)$/i;

/** The commands in a field: in text those that stand as such, in JSON also those under keys that say so. */
export function actionsIn(field: string, value: unknown, key = ''): GuardedAction[] {
  if (typeof value === 'string') return textActions(field, value, key);
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) {
    const words = commandKeys.test(key) ? wordsOf(value) : undefined;
    if (words) return listActions(field, words, key);
    return value.flatMap((item, index) => actionsIn(`${field}[${index}]`, item, key));
  }
  const found = Object.entries(value).flatMap(([name, item]) => actionsIn(`${field}.${name}`, item, name));
  return [...found, ...calledWith(field, value as Record<string, unknown>)];
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

import type { GuardedAction } from './actions.ts';
import { isCommandName } from './command_names.ts';
import { keyedActions } from './keyed_texts.ts';
import type { Key } from './keys.ts';
import { isBroken, mostParses } from './shell/parsing.ts';

export const isWord = (item: unknown) => /^(string|number|boolean)$/.test(typeof item) || item === null;

/** What has numbers for keys is a list as well. */
export function listOf(value: object): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  const keys = Object.keys(value);
  return keys.length > 0 && keys.every((key) => /^\d{1,6}$/.test(key)) ? Object.values(value) : undefined;
}

/** The items of a list, and of the lists in it, as words: without what is none. */
export function wordsOf(list: readonly unknown[]): string[] {
  return list.flat(4).flatMap((item) => {
    const word = wordIn(item);
    return word === undefined ? [] : [word];
  });
}

/** An item, or what an object holds that has nothing else: { "value": "rm" }. */
function wordIn(item: unknown): string | undefined {
  if (typeof item !== 'object') return isWord(item) ? String(item) : undefined;
  const [value, ...others] = item === null || Array.isArray(item) ? [] : Object.values(item);
  return others.length === 0 && value !== undefined && value !== null && isWord(value) ? String(value) : undefined;
}

/** How deep words are nested that still belong to one command. */
const deepest = 4;

/** The same, with all that stands in objects among the items: ["rm", { "flag": "-rf", "path": "/" }]. */
export function allWordsOf(value: unknown, depth = 0): string[] {
  if (isWord(value)) return [String(value)];
  if (typeof value !== 'object' || value === null || depth > deepest) return [];
  if (Array.isArray(value)) return value.flatMap((item) => allWordsOf(item, depth + 1));
  // { "--force": true } names the option by its key.
  return Object.entries(value).flatMap(([key, item]) => [
    ...(key.startsWith('-') ? [key] : []),
    ...allWordsOf(item, depth + 1),
  ]);
}

/**
 * ["rm", "-rf", "my dir"] is one command with its arguments, ["npm test", "npm run lint"] are several, and nobody can tell
 * what ["ls", "rm -rf x"] is: where both may be meant, both are judged.
 */
export function* listActions(field: string, words: readonly string[], key: Key): Generator<undefined, GuardedAction[]> {
  const [first = ''] = words;
  const one = isOne(words) ? commandOf(field, words) : [];
  if (!words.some((word) => /\s/.test(word))) return one;
  // With an option among them they are arguments, which may be anything: what is nothing but a command is taken for one.
  const isArgument = isCommandName(first) && words.some((word) => word.startsWith('-'));
  const several: GuardedAction[] = [];
  for (const [index, word] of words.entries()) {
    // A call has so many parsed at most: what follows would not be judged, so it is not read.
    if (index === mostParses) {
      several.push({ field: `${field}[${index}]`, text: word, context: 'shell', isTooMuch: true });
      break;
    }
    const actions = yield* keyedActions(word, isArgument ? { key: '', inherited: false } : key);
    for (const action of actions) {
      if (!isArgument || action.context === 'shell') several.push({ field: `${field}[${index}]`, ...action });
    }
  }
  return [...several, ...one];
}

/** More words than somebody writes who puts a space into the first one. */
const mostOfOne = 20;

/**
 * ["npm test", "npm run lint"] are two; ["git push", "--force"] and ["rm -rf", "/"] are one that has begun with two words:
 * what follows is an option, or nothing that could be a command, behind a word that wants something.
 */
function isOne([first = '', ...others]: readonly string[]): boolean {
  if (!/\s/.test(first) || others.some((word) => word.startsWith('-'))) return true;
  const isBegun = /^\S+\s+\S+$|\s-\S*$/.test(first.trim());
  return isBegun && others.length < mostOfOne && others.every(isArgument);
}

const isArgument = (word: string) => !/\s/.test(word) && (!isCommandName(word) || /^(?:~|\.\.)?\//.test(word));

/**
 * A program with its arguments: as they are, and where that makes a difference also as a shell reads them. What stands
 * first may be a program and its first arguments.
 */
export function commandOf(field: string, words: readonly string[]): GuardedAction[] {
  const quoted = words.map((word) => (/^[\w./:@%+,=^-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`));
  const [first = '', ...others] = words;
  const exact = quoted.join(' ');
  const begun = [first, ...quoted.slice(1)].join(' ');
  const loose = others.some((word) => /\s/.test(word)) ? begun : words.join(' ');
  // No shell takes `git commit -m it's`; the word stands there as it is.
  const texts = [exact, begun, loose].filter((text, index) => index === 0 || !isBroken(text));
  return [...new Set(texts)].map((text) => ({ field, text, context: 'shell' }));
}

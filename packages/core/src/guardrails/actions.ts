import { isCommandName } from './command_names.ts';
import { type Context, contextOf } from './context.ts';
import { proseActions } from './prose.ts';
import { mostParses, withParses } from './shell/parsing.ts';

/** A command that an input holds, and where. */
export interface GuardedAction {
  field: string;
  text: string;
  context: Context;
  /** True when it may as well be a sentence: see `ProseAction`. */
  doubtful?: true;
}

/** Last words of keys whose text is a command by their name alone. */
const commandKeys =
  /(?:^|[_\s-])(?:commands?|cmds?|shell|scripts?|run|exec|execute|bash|zsh|sh|powershell|(?:command|cmd)[_\s-]?line|argv|entry[_-]?point)$/i;
const sqlKeys = /(?:^|[_\s-])(?:sql|query|queries|statements?)$/i;
/** Keys of what a command beside them is called with, and of programs that are called. */
const argumentKeys = /(?:^|[_\s-])(?:args?|arguments|argv|parameters|params|options?|opts|flags)$/i;
const programKeys = /^(program|executable|binary|bin|tool)$/i;

/** Longest name of a field that is told; what is nested deeper goes by the name of what it is in. */
const longestField = 500;

/** A value that is still to be looked at. */
interface Part {
  field: string;
  value: unknown;
  key: string;
  /** The key is that of what it is in: its own says nothing. */
  inherited?: boolean;
}

/** Words of a key apart: commandLine is command_line. */
const spelled = (key: string) => key.trim().replace(/([a-z])([A-Z])/g, '$1_$2');
const isCommandKey = (key: string) => commandKeys.test(key);
const isSqlKey = (key: string) => sqlKeys.test(key);

/** Values after which a reading pauses. */
const partsAtOnce = 64;

/** The commands in the fields of a call. Pauses every now and then, as a call may hold very many lines and values. */
export function* actionsOf(
  fields: readonly { field: string; value: unknown }[],
): Generator<undefined, GuardedAction[]> {
  return yield* withParses(mostParses, actionsInAll(fields));
}

function* actionsInAll(fields: readonly { field: string; value: unknown }[]): Generator<undefined, GuardedAction[]> {
  const actions: GuardedAction[] = [];
  for (const { field, value } of fields) for (const action of yield* actionsIn(field, value)) actions.push(action);
  return actions;
}

/**
 * The commands in a field: in text those that stand as such, in JSON also those under keys that say so. However deep they
 * are nested, no call stands upon another.
 */
export function* actionsIn(field: string, value: unknown): Generator<undefined, GuardedAction[]> {
  const actions: GuardedAction[] = [];
  const waiting: Part[] = [{ field, value, key: '' }];
  let count = 0;
  for (let part = waiting.pop(); part; part = waiting.pop()) {
    if (++count % partsAtOnce === 0) yield;
    for (const action of yield* ownActions(part)) actions.push(action);
    const parts = partsOf(part);
    while (parts.length > 0) waiting.push(parts.pop() as Part);
  }
  return actions;
}

/** What a value holds besides its parts. */
function* ownActions({ field, value, key, inherited }: Part): Generator<undefined, GuardedAction[]> {
  if (typeof value === 'string') return yield* textActions(field, value, key, inherited);
  if (typeof value !== 'object' || value === null) return [];
  if (!Array.isArray(value)) {
    return [...calledWith(field, value as Record<string, unknown>), ...(yield* named(field, value))];
  }
  const words = wordsOf(value);
  if (words.length === 0) return [];
  if (isCommandKey(key)) return yield* listActions(field, words, key);
  // A statement has a space, so what has none is a part of one.
  const isApart = isSqlKey(key) && words.some((word) => !/\s/.test(word));
  return isApart ? [{ field, text: words.join(' '), context: 'sql' }] : [];
}

function partsOf({ field, value, key }: Part): Part[] {
  if (typeof value !== 'object' || value === null) return [];
  const name = (inner: string) => (field.length > longestField ? field : field + inner);
  const isKnown = isCommandKey(key) || isSqlKey(key);
  if (!Array.isArray(value)) {
    return Object.entries(value).map(([inner, item]) => {
      const own = spelled(inner);
      const inherited = isKnown && !isCommandKey(own) && !isSqlKey(own);
      return { field: name(`.${inner}`), value: item, key: inherited ? key : own, inherited };
    });
  }
  const parts = value.map((item, index) => ({ field: name(`[${index}]`), value: item, key }));
  return isCommandKey(key) ? parts.filter((part) => !isWord(part.value)) : parts;
}

/** What is below a key that says so, but under one of its own, is a command if it looks like one. */
function* textActions(
  field: string,
  text: string,
  key: string,
  inherited = false,
): Generator<undefined, GuardedAction[]> {
  const context = isCommandKey(key) ? 'shell' : isSqlKey(key) ? 'sql' : undefined;
  if (context && (!inherited || contextOf(text) === context)) return [{ field, text, context }];
  return (yield* proseActions(text)).map((action) => ({ field, ...action }));
}

/** Whoever reads the object reads the names of its keys, too. */
function* named(field: string, value: object): Generator<undefined, GuardedAction[]> {
  const actions: GuardedAction[] = [];
  for (const name of Object.keys(value).filter((each) => /\s/.test(each.trim()))) {
    for (const action of yield* proseActions(name)) actions.push({ field, ...action });
  }
  return actions;
}

const isWord = (item: unknown) => /^(string|number|boolean)$/.test(typeof item) || item === null;

/** The items of a list, and of the lists in it, as words: without what is none. */
function wordsOf(list: readonly unknown[]): string[] {
  return list.flat(4).flatMap((item) => (isWord(item) && item !== null ? [String(item)] : []));
}

/**
 * ["rm", "-rf", "my dir"] is one command with its arguments, ["npm test", "npm run lint"] are several, and nobody can tell
 * what ["ls", "rm -rf x"] is: where both may be meant, both are judged.
 */
function* listActions(field: string, words: readonly string[], key: string): Generator<undefined, GuardedAction[]> {
  const [first = ''] = words;
  // ["npm test", "npm run lint"] are two; ["git push", "--force"] is one that has begun with two words.
  const isOne = !/\s/.test(first) || words.slice(1).some((word) => word.startsWith('-'));
  const one = isOne ? commandOf(field, words) : [];
  if (!words.some((word) => /\s/.test(word))) return one;
  // With an option among them they are arguments, which may be anything: what is nothing but a command is taken for one.
  const isArgument = isCommandName(first) && words.some((word) => word.startsWith('-'));
  const several: GuardedAction[] = [];
  for (const [index, word] of words.entries()) {
    for (const action of yield* textActions(`${field}[${index}]`, word, isArgument ? '' : key)) {
      if (action.context === 'shell') several.push(action);
    }
  }
  return [...several, ...one];
}

/** Keys of commands and arguments of one object at most: whoever calls something needs two or three. */
const mostCalled = 6;

/**
 * { "command": "rm", "args": ["-rf", "/"] } is one command as well, and so is { "entrypoint": ["rm"], "cmd": ["-rf", "/"] }.
 * In which order several are put together nobody knows, so that each begins once.
 */
function calledWith(field: string, value: Record<string, unknown>): GuardedAction[] {
  const called = Object.keys(value)
    .map((name) => ({ name, isCommand: isCommandKey(spelled(name)) || programKeys.test(name) }))
    .filter(({ name, isCommand }) => isCommand || argumentKeys.test(spelled(name)))
    .map((each) => ({ ...each, words: argumentsOf(value[each.name], each.isCommand) }))
    .filter(({ words }) => words.length > 0)
    .slice(0, mostCalled);
  if (called.length < 2) return [];
  return called
    .filter(({ isCommand }) => isCommand)
    .flatMap((first) => {
      const others = called.filter((each) => each !== first).map(({ words }) => words);
      const orders = others.length === 1 ? [others] : [others, others.toReversed(), ...others.map((words) => [words])];
      return orders.flatMap((order) => commandOf(`${field}.${first.name}`, [...first.words, ...order.flat()]));
    });
}

/** The words that stand under a key; a text of arguments has several, and so has an object. */
function argumentsOf(given: unknown, isCommand: boolean): string[] {
  if (typeof given === 'string') return isCommand ? [given] : given.split(/\s+/);
  if (typeof given !== 'object' || given === null) return [];
  if (Array.isArray(given)) return wordsOf(given);
  return isCommand ? [] : wordsOf(Object.values(given));
}

/**
 * A program with its arguments: as they are, and where that makes a difference also as a shell reads them. What stands
 * first may be a program and its first arguments.
 */
function commandOf(field: string, words: readonly string[]): GuardedAction[] {
  const quoted = words.map((word) => (/^[\w./:@%+,=^-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`));
  const [first = '', ...others] = words;
  const exact = quoted.join(' ');
  const begun = [first, ...quoted.slice(1)].join(' ');
  const loose = others.some((word) => /\s/.test(word)) ? begun : words.join(' ');
  return [...new Set([exact, begun, loose])].map((text) => ({ field, text, context: 'shell' }));
}

import { calledWith } from './called.ts';
import type { Context } from './context.ts';
import { keyedActions } from './keyed_texts.ts';
import { isCommandKey, isKnownKey, type Key, keyOf } from './keys.ts';
import { allWordsOf, commandOf, isWord, listActions, listOf, wordsOf } from './lists.ts';
import { proseActions } from './prose.ts';
import { mostParses, withParses } from './shell/parsing.ts';

/** A command that an input holds, and where. */
export interface GuardedAction {
  field: string;
  text: string;
  context: Context;
  /** True when it may as well be a sentence: see `ProseAction`. */
  doubtful?: true;
  /** True when more stands there than can be judged. */
  isTooMuch?: true;
}

/** Longest name of a field that is told; what is nested deeper goes by the name of what it is in. */
const longestField = 500;

/** A value that is still to be looked at. */
interface Part extends Key {
  field: string;
  value: unknown;
}

/** Values, and characters of texts, after which a reading pauses. */
const [partsAtOnce, charactersAtOnce] = [64, 16_384];

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
  const waiting: Part[] = [{ field, value, key: '', inherited: false }];
  let [count, characters] = [0, 0];
  for (let part = waiting.pop(); part; part = waiting.pop()) {
    if (++count > partsAtOnce || characters > charactersAtOnce) {
      yield;
      [count, characters] = [0, 0];
    }
    for (const action of yield* ownActions(part)) actions.push(action);
    if (typeof part.value === 'string') characters += part.value.length;
    const parts = partsOf(part);
    while (parts.length > 0) waiting.push(parts.pop() as Part);
  }
  return actions;
}

/** What a value holds besides its parts. */
function* ownActions({ field, value, ...key }: Part): Generator<undefined, GuardedAction[]> {
  if (typeof value === 'string') return (yield* keyedActions(value, key)).map((action) => ({ field, ...action }));
  if (typeof value !== 'object' || value === null) return [];
  const called = Array.isArray(value) ? [] : calledWith(field, value as Record<string, unknown>, key.key);
  const names = Array.isArray(value) ? [] : yield* named(field, value);
  return [...called, ...names, ...(yield* ofList(field, value, key))];
}

function* ofList(field: string, value: object, key: Key): Generator<undefined, GuardedAction[]> {
  const list = isKnownKey(key.key) ? (listOf(value) ?? []) : [];
  const words = wordsOf(list);
  if (words.length === 0) return [];
  if (isCommandKey(key.key)) {
    // Objects are arguments behind the name of a program; elsewhere each says itself what it is.
    const all = isWord(list[0]) && !list.every(isWord) ? allWordsOf(list) : words;
    const whole = all.length > words.length ? commandOf(field, all) : [];
    return [...whole, ...(yield* listActions(field, words, key))];
  }
  // A statement has a space, so what has none is a part of one.
  const isApart = words.some((word) => !/\s/.test(word));
  return isApart ? [{ field, text: words.join(' '), context: 'sql' }] : [];
}

function partsOf({ field, value, key, inherited }: Part): Part[] {
  if (typeof value !== 'object' || value === null) return [];
  const name = (inner: string) => (field.length > longestField ? field : field + inner);
  const list = listOf(value);
  if (!list) {
    return Object.entries(value).map(([own, item]) => ({ field: name(`.${own}`), value: item, ...keyOf(own, key) }));
  }
  const parts = list.map((item, index) => ({ field: name(`[${index}]`), value: item, key, inherited }));
  return isCommandKey(key) ? parts.filter((part) => !isWord(part.value)) : parts;
}

/** Whoever reads the object reads the names of its keys, too. */
function* named(field: string, value: object): Generator<undefined, GuardedAction[]> {
  const actions: GuardedAction[] = [];
  for (const name of Object.keys(value).filter((each) => /\s/.test(each.trim()))) {
    for (const action of yield* proseActions(name)) actions.push({ field, ...action });
  }
  return actions;
}

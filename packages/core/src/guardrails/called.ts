import type { GuardedAction } from './actions.ts';
import { isArgumentKey, isCalledKey, isEnvironmentKey, isNameKey } from './keys.ts';
import { allWordsOf, commandOf, listOf, wordsOf } from './lists.ts';

/** Keys of commands and arguments of one object that are put together: whoever calls something needs two or three. */
const mostCalled = 6;

/**
 * { "command": "rm", "args": ["-rf", "/"] } is one command, and so is { "entrypoint": ["rm"], "cmd": ["-rf", "/"] }. In
 * which order several are put together nobody knows, so that each begins once. `outer` is the key of the object.
 */
export function calledWith(field: string, value: Record<string, unknown>, outer: string): GuardedAction[] {
  const all = Object.keys(value)
    .map((name) => ({ name, isName: isNameKey(name, outer) }))
    .map((each) => ({ ...each, isCommand: each.isName || isCalledKey(each.name) }))
    .filter(({ name, isCommand }) => isCommand || isArgumentKey(name))
    .map((each) => ({ ...each, words: argumentsOf(value[each.name], each.isCommand) }))
    .filter(({ words }) => words.length > 0)
    .toSorted((one, other) => Number(other.isCommand) - Number(one.isCommand));
  const called = all.slice(0, mostCalled);
  const [main] = called;
  if (!main?.isCommand) return [];
  const set = withVariables(field, value, called);
  if (called.length < 2) return set;
  const tooMuch = { field, text: main.words.join(' '), context: 'shell', isTooMuch: true } as const;
  const composed = called
    .filter(({ isCommand }) => isCommand)
    .flatMap((first) => {
      // { "name": "build", "path": "build.sh" } says twice what one program is.
      const others = called.filter((each) => each !== first && !each.isName).map(({ words }) => words);
      if (others.length === 0) return [];
      const orders = others.length === 1 ? [others] : [others, others.toReversed(), ...others.map((words) => [words])];
      return orders.flatMap((order) => commandOf(`${field}.${first.name}`, [...first.words, ...order.flat()]));
    });
  return [...set, ...composed, ...(all.length > called.length ? [tooMuch] : [])];
}

/** The words that stand under a key; a text of arguments has several, and so has an object. */
function argumentsOf(given: unknown, isCommand: boolean): string[] {
  if (typeof given === 'string') return isCommand ? [given] : given.split(/\s+/);
  if (typeof given !== 'object' || given === null) return [];
  if (isCommand) return Array.isArray(given) ? wordsOf(given) : [];
  return allWordsOf(listOf(given) ?? given);
}

/** { "command": "rm -rf $X", "env": { "X": "/" } }: the text behind the variables that it is run with. */
function withVariables(
  field: string,
  value: Record<string, unknown>,
  called: readonly { name: string; isCommand: boolean }[],
): GuardedAction[] {
  const assignments = Object.keys(value)
    .filter(isEnvironmentKey)
    .flatMap((name) => Object.entries(value[name] ?? {}))
    .filter(([name, given]) => /^[A-Za-z_]\w*$/.test(name) && typeof given === 'string')
    .map(([name, given]) => `export ${name}='${String(given).replaceAll("'", "'\\''")}'\n`);
  if (assignments.length === 0) return [];
  return called.flatMap(({ name, isCommand }) => {
    const text = value[name];
    const reads = isCommand && typeof text === 'string' && text.includes('$');
    return reads ? [{ field: `${field}.${name}`, text: assignments.join('') + text, context: 'shell' }] : [];
  });
}

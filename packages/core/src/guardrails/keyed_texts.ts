import { forEachChild, type SyntaxNode } from 'unbash';
import { type Context, contextOf } from './context.ts';
import { isCommandKey, isSqlKey, type Key } from './keys.ts';
import type { ProseAction } from './prose/line_actions.ts';
import { proseActions } from './prose.ts';
import { parsed } from './shell/parsing.ts';
import { tokensOf } from './sql/tokens.ts';

/**
 * The commands in a text under a key. One that says what stands there hides nothing: the text is read as the key says,
 * as what it is by itself, and as prose. What is below a key that says so, but under one of its own, is a command if it
 * looks like one.
 */
export function* keyedActions(text: string, { key, inherited }: Key): Generator<undefined, ProseAction[]> {
  const said = isCommandKey(key) ? 'shell' : isSqlKey(key) ? 'sql' : undefined;
  const found = said && contextOf(text);
  if (!said || (inherited && found !== said)) return yield* proseActions(text);
  const contexts: ProseAction['context'][] = [said];
  if (found !== said && (found === 'sql' || (found === 'code' && said === 'shell'))) contexts.push(found);
  const others = yield* proseActions(yield* withoutLongTexts(text, contexts));
  const read = contexts.map((context) => ({ text, context }));
  return others.length === 0 ? read : [...read, ...besides(others, text, contexts)];
}

/** Without what was read as a line of the whole: a statement goes on in the next line, and nobody reads each one twice. */
function besides(actions: readonly ProseAction[], text: string, contexts: readonly Context[]): ProseAction[] {
  const lines = new Set(text.split('\n').map((line) => line.trim()));
  return actions.filter((action) => !contexts.includes(action.context) || !lines.has(action.text));
}

/** A text without literals over several lines: what is written to a file, or said in a message, is no command. */
function* withoutLongTexts(text: string, contexts: readonly Context[]): Generator<undefined, string> {
  if (!text.includes('\n')) return text;
  const parts = contexts.includes('sql') ? yield* literalsOfSql(text) : literalsOfShell(text);
  let [rest, at] = ['', 0];
  for (const { from, to } of parts.toSorted((one, other) => one.from - other.from)) {
    if (from < at || !text.slice(from, to).includes('\n')) continue;
    rest += text.slice(at, from);
    at = to;
  }
  return rest + text.slice(at);
}

interface Part {
  from: number;
  to: number;
}

function* literalsOfSql(text: string): Generator<undefined, Part[]> {
  const parts: Part[] = [];
  let isOpen = false;
  const unclosed = () => {
    isOpen = true;
  };
  for (const { kind, start, end } of yield* tokensOf(text, { spend: () => undefined, unclosed })) {
    if (kind === 'string') parts.push({ from: start, to: end });
  }
  return isOpen ? [] : parts;
}

/** Words and documents of a script; none of a text that is no script. */
function literalsOfShell(text: string): Part[] {
  const script = parsed(text);
  if (!script || script.errors?.length) return [];
  const parts: Part[] = [];
  const waiting: SyntaxNode[] = [script];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (node.type === 'HereDoc') parts.push({ from: node.body.pos, to: node.body.end });
    else if (node.type === 'Word') parts.push({ from: node.pos, to: node.end });
    else forEachChild(node, (child) => void waiting.push(child));
  }
  return parts;
}

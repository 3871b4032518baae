import { bare, isJudged } from './call_names.ts';
import type { CodeToken } from './tokens.ts';

/** A call in source code, with the literals among its arguments. */
export interface Call {
  /** Last name before the bracket: `system` of `os.system(`. */
  name: string;
  /** All names before it: `os.system`. */
  path: string;
  /** Strings in the arguments: pieces that are joined by `+` are one. */
  strings: readonly string[];
  /** True when the first argument is a list. */
  list: boolean;
  /** Code of the arguments without strings, for looking at flags. */
  rest: string;
  start: number;
  end: number;
}

const opening = new Set(['(', '[', '{']);
const closing = new Set([')', ']', '}']);

/** Steps that it costs to look at a token of a call; at one of calls in calls, which are looked at for each of them. */
const [once, again] = [0.1, 1];

/**
 * The calls that are judged, those of Ruby and Perl without brackets too; variables that hold a literal are replaced by it.
 */
export function* callsOf(tokens: readonly CodeToken[], spend: (steps: number) => void): Generator<Call> {
  const literals = new Map<string, string>();
  let seen = 0;
  for (const [index, { kind, text: name }] of tokens.entries()) {
    if (kind !== 'name') continue;
    const next = tokens[index + 1];
    const value = tokens[index + 2];
    if (next?.text === '=' && next.kind === 'symbol' && value?.kind === 'string') literals.set(name, value.text);
    const from = argumentsAt(name, index, next);
    if (from === undefined) continue;
    const { end, call } = callAt(tokens, index, from, literals);
    const fresh = Math.max(0, end - Math.max(seen, from));
    spend(fresh * once + (end - from - fresh) * again);
    seen = Math.max(seen, end);
    yield call;
  }
}

/** Where the arguments of a call begin; undefined when it is none that is judged. */
function argumentsAt(name: string, index: number, next: CodeToken | undefined): number | undefined {
  if (!next || !isJudged(name)) return undefined;
  if (next.kind === 'symbol') return next.text === '(' ? index + 2 : undefined;
  // A template behind a name is a call of JavaScript: $`rm -rf x`.
  return next.kind !== 'number' && bare.has(name) ? index + 1 : undefined;
}

function callAt(
  tokens: readonly CodeToken[],
  index: number,
  from: number,
  literals: ReadonlyMap<string, string>,
): { end: number; call: Call } {
  const isBare = from === index + 1;
  const strings: string[] = [];
  let rest = '';
  let joins = false;
  let depth = 1;
  let at = from;
  for (; at < tokens.length && depth > 0 && at < from + 300; at++) {
    const token = tokens[at] as CodeToken;
    if (isBare && (token.text === ';' || (at > from && gap(tokens, at).includes('line')))) break;
    if (token.kind === 'symbol' && opening.has(token.text)) depth++;
    if (token.kind === 'symbol' && closing.has(token.text)) depth--;
    const text = token.kind === 'string' ? token.text : token.kind === 'name' ? literals.get(token.text) : undefined;
    if (text === undefined) rest += `${token.text} `;
    else if (joins) strings.push((strings.pop() ?? '') + text);
    else strings.push(text);
    joins = token.kind === 'symbol' && (token.text === '+' || token.text === '.') && strings.length > 0;
  }
  const [start, end] = [pathStart(tokens, index), Math.max(at - 1, index)];
  const path = tokens
    .slice(start, index + 1)
    .map(({ text }) => text)
    .join('');
  const call = {
    name: tokens[index]?.text ?? '',
    path,
    strings,
    list: tokens[from]?.text === '[',
    rest,
    start: tokens[start]?.start ?? 0,
    end: tokens[Math.min(end, tokens.length - 1)]?.end ?? 0,
  };
  return { end: at, call };
}

const gap = (tokens: readonly CodeToken[], at: number) =>
  (tokens[at]?.start ?? 0) - (tokens[at - 1]?.end ?? 0) > 0 && tokens[at]?.kind === 'name' ? 'line' : '';

/** Where the names joined by dots begin. */
function pathStart(tokens: readonly CodeToken[], index: number): number {
  let start = index;
  while (start >= 2 && /^(\.|:|>)$/.test(tokens[start - 1]?.text ?? '') && start > index - 12) {
    start -= tokens[start - 2]?.text === ':' || tokens[start - 2]?.text === '-' ? 3 : 2;
  }
  return Math.max(0, start);
}

import type { CodeToken } from './tokens.ts';

/** A call in source code, with the literals among its arguments. */
export interface Call {
  /** Last name before the bracket: `system` of `os.system(`. */
  name: string;
  /** All names before it: `os.system`. */
  path: string;
  /** Strings in the arguments: pieces that are joined by `+` are one. */
  strings: readonly string[];
  /** How many tokens were looked at. */
  scanned: number;
  /** True when the first argument is a list. */
  list: boolean;
  /** Code of the arguments without strings, for looking at flags. */
  rest: string;
  start: number;
  end: number;
}

const opening = new Set(['(', '[', '{']);
const closing = new Set([')', ']', '}']);

/** Calls, those of Ruby and Perl without brackets too; variables that hold a literal are replaced by it. */
export function callsOf(
  tokens: readonly CodeToken[],
  bare: ReadonlySet<string>,
  spend: (steps: number) => void,
): Call[] {
  const literals = new Map<string, string>();
  const calls: Call[] = [];
  let made = 0;
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== 'name') continue;
    if (calls.length > made) {
      spend((calls.at(-1)?.scanned ?? 0) * 0.1);
      made = calls.length;
    }
    const next = tokens[index + 1];
    const value = tokens[index + 2];
    if (next?.text === '=' && next.kind === 'symbol' && value?.kind === 'string') literals.set(token.text, value.text);
    if (next?.kind === 'symbol' && next.text === '(') calls.push(callAt(tokens, index, index + 2, literals));
    // A template behind a name is a call of JavaScript: $`rm -rf x`.
    else if (next && next.kind !== 'symbol' && next.kind !== 'number' && bare.has(token.text)) {
      calls.push(callAt(tokens, index, index + 1, literals, true));
    }
  }
  return calls;
}

function callAt(
  tokens: readonly CodeToken[],
  index: number,
  from: number,
  literals: ReadonlyMap<string, string>,
  bare = false,
): Call {
  const strings: string[] = [];
  let rest = '';
  let joins = false;
  let depth = 1;
  let at = from;
  for (; at < tokens.length && depth > 0 && at < from + 300; at++) {
    const token = tokens[at] as CodeToken;
    if (bare && (token.text === ';' || (at > from && gap(tokens, at).includes('line')))) break;
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
  return {
    name: tokens[index]?.text ?? '',
    path,
    strings,
    scanned: at - from,
    list: tokens[from]?.text === '[',
    rest,
    start: tokens[start]?.start ?? 0,
    end: tokens[Math.min(end, tokens.length - 1)]?.end ?? 0,
  };
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

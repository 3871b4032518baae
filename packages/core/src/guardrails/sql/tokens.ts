/** A piece of SQL: words in upper case as the language has them, literals by their content. */
export interface Token {
  kind: 'word' | 'identifier' | 'string' | 'number' | 'symbol';
  text: string;
  /** How many brackets are open around it. */
  depth: number;
  start: number;
  end: number;
}

const space = /\s+|--[^\n]*|#[^\n]*/y;
const pieces =
  /(?<word>(?:[\p{L}_@]|(?!\s)\p{Cc})(?:[\p{L}\p{N}_$]|(?!\s)\p{Cc})*)|(?<number>\d+(?:\.\d+)?(?:e[+-]?\d+)?)|(?<identifier>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[\p{L}_][^\]]{0,127}\])|(?<symbol>::|<>|!=|<=|>=|\|\||:=|->>?|.)/suy;

const executed = /\/\*!\d*/y;
const dollar = /\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/uy;
const quoted = /(?:[eE]|[nN]|[uU]&|[xXbB])?'/y;

/** What is told while SQL is taken apart. */
export interface TokenListener {
  spend(): void;
  /** A comment or a literal that has no end: databases disagree about what follows. */
  unclosed(start: number): void;
}

/** Tokens after which a reading pauses: they take less than a millisecond. */
const tokensAtOnce = 1024;

/** Takes SQL apart. Comments are dropped, but for those that MySQL runs; strings keep their content. */
export function* tokensOf(text: string, { spend, unclosed }: TokenListener): Generator<undefined, Token[]> {
  const tokens: Token[] = [];
  let at = 0;
  let depth = 0;
  for (let count = 1; at < text.length; count++) {
    if (count % tokensAtOnce === 0) yield;
    spend();
    const skipped = afterSpace(text, at);
    if (skipped < 0) {
      unclosed(at);
      break;
    }
    if (skipped > at) {
      at = skipped;
      continue;
    }
    const literal = stringAt(text, at);
    if (literal) {
      if (literal.isOpen) unclosed(at);
      tokens.push({ kind: 'string', text: literal.text, depth, start: at, end: literal.end });
      at = literal.end;
      continue;
    }
    pieces.lastIndex = at;
    const match = pieces.exec(text);
    if (!match) break;
    const { word, number, identifier, symbol = '' } = match.groups ?? {};
    const end = pieces.lastIndex;
    if (symbol === ')') depth = Math.max(0, depth - 1);
    if (word !== undefined) tokens.push({ kind: 'word', text: word.toUpperCase(), depth, start: at, end });
    else if (number !== undefined) tokens.push({ kind: 'number', text: number, depth, start: at, end });
    else if (identifier !== undefined)
      tokens.push({ kind: 'identifier', text: identifier.slice(1, -1), depth, start: at, end });
    else tokens.push({ kind: 'symbol', text: symbol, depth, start: at, end });
    if (symbol === '(') depth++;
    at = end;
  }
  return tokens;
}

/** Where the space and comments at a place end; -1 for a comment that does not. */
function afterSpace(text: string, at: number): number {
  space.lastIndex = at;
  if (space.test(text)) return space.lastIndex;
  // MySQL runs what is in /*! … */: only its marks are dropped.
  if (text[at] !== '/' && text[at] !== '*') return at;
  executed.lastIndex = at;
  if (executed.test(text)) return executed.lastIndex;
  if (text.startsWith('*/', at)) return at + 2;
  if (!text.startsWith('/*', at)) return at;
  let depth = 0;
  for (let index = at; index < text.length; index++) {
    if (text.startsWith('/*', index)) {
      depth++;
      index++;
    } else if (text.startsWith('*/', index)) {
      index++;
      if (--depth === 0) return index + 1;
    }
  }
  return -1;
}

/** A string literal at a place: '…', E'…', $tag$…$tag$. */
function stringAt(text: string, at: number): { text: string; end: number; isOpen: boolean } | undefined {
  dollar.lastIndex = at;
  const tag = text[at] === '$' ? dollar.exec(text)?.[0] : undefined;
  if (tag !== undefined) {
    const close = text.indexOf(tag, at + tag.length);
    const end = close < 0 ? text.length : close;
    return { text: text.slice(at + tag.length, end), end: close < 0 ? end : end + tag.length, isOpen: close < 0 };
  }
  quoted.lastIndex = at;
  const open = quoted.exec(text)?.[0];
  if (open === undefined) return undefined;
  const escapes = /^e/i.test(open);
  let index = at + open.length;
  for (; index < text.length; index++) {
    if (escapes && text[index] === '\\') index++;
    else if (text[index] === "'" && text[index + 1] === "'") index++;
    else if (text[index] === "'") break;
  }
  const content = text.slice(at + open.length, index).replaceAll("''", "'");
  return { text: content, end: Math.min(index + 1, text.length), isOpen: index >= text.length };
}

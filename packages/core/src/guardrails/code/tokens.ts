export type Language = 'python' | 'javascript' | 'ruby' | 'perl' | 'php' | 'awk' | 'lisp' | 'tcl' | 'other';

/** A piece of source code: names, string literals by their content, and all else by character. */
export interface CodeToken {
  kind: 'name' | 'string' | 'shell' | 'number' | 'symbol';
  text: string;
  start: number;
  end: number;
}

const hashComments = new Set<Language>(['python', 'ruby', 'perl', 'php', 'awk']);
const slashComments = new Set<Language>(['javascript', 'php']);

/** Strings that a language runs as commands by their quotes alone. */
const backquotesRun = new Set<Language>(['ruby', 'perl', 'php']);

/** Tokens after which a reading pauses: they take less than a millisecond. */
const tokensAtOnce = 1024;

/** Takes code of whatever language apart, well enough to see what is called with which literals. */
export function* codeTokens(code: string, language: Language, spend: () => void): Generator<undefined, CodeToken[]> {
  const tokens: CodeToken[] = [];
  let at = 0;
  for (let count = 1; at < code.length; count++) {
    if (count % tokensAtOnce === 0) yield;
    spend();
    const comment = commentAt(code, at, language);
    if (comment > at) {
      at = comment;
      continue;
    }
    const token = stringAt(code, at, language) ?? nameAt(code, at);
    if (token) {
      const separates = !/\s/.test(token.text) || (language === 'awk' && token.text === '\n');
      if (token.kind !== 'symbol' || separates) tokens.push(token);
      at = token.end;
    } else at++;
  }
  return tokens;
}

function commentAt(code: string, at: number, language: Language): number {
  if (code[at] !== '#' && code[at] !== '/') return at;
  const lineEnd = () => {
    const end = code.indexOf('\n', at);
    return end < 0 ? code.length : end;
  };
  const atLineStart = /(^|\n)[ \t]*$/.test(code.slice(Math.max(0, at - 40), at));
  if (code[at] === '#' && (hashComments.has(language) || (atLineStart && language === 'other'))) return lineEnd();
  if (code.startsWith('//', at) && (slashComments.has(language) || (atLineStart && language === 'other')))
    return lineEnd();
  if (code.startsWith('/*', at) && (slashComments.has(language) || language === 'other')) {
    const end = code.indexOf('*/', at + 2);
    return end < 0 ? code.length : end + 2;
  }
  return at;
}

function stringAt(code: string, start: number, language: Language): CodeToken | undefined {
  const prefix = language === 'python' || language === 'other' ? /(?:[rbuf]{1,2})?(?=["'])/iy : /(?=["'`])/y;
  prefix.lastIndex = start;
  const before = /\w$/.test(code.slice(Math.max(0, start - 1), start)) ? null : prefix.exec(code);
  const at = start + (before?.[0].length ?? 0);
  const percent =
    language === 'ruby' ? /%(x|q|Q|w|W)?([{(["|!])/y : language === 'perl' ? /q(x|q|w)?([{(["|!/])/y : undefined;
  if (percent) {
    percent.lastIndex = start;
    const match = /\w$/.test(code.slice(Math.max(0, start - 1), start)) ? null : percent.exec(code);
    if (match)
      return delimited(code, start, match[0].length, match[2] as string, match[1] === 'x' ? 'shell' : 'string');
  }
  const quote = code[at];
  if (quote === '`') return delimited(code, start, 1, '`', backquotesRun.has(language) ? 'shell' : 'string');
  if (quote !== '"' && quote !== "'") return undefined;
  const triple = code.startsWith(quote.repeat(3), at) ? quote.repeat(3) : quote;
  return delimited(code, start, at - start + triple.length, triple, 'string');
}

const closing: Record<string, string> = { '{': '}', '(': ')', '[': ']' };

function delimited(code: string, start: number, skip: number, open: string, kind: 'string' | 'shell'): CodeToken {
  const close = closing[open] ?? open;
  let index = start + skip;
  for (; index < code.length && !code.startsWith(close, index); index++) if (code[index] === '\\') index++;
  const text = code
    .slice(start + skip, index)
    .replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|\n|.)/gs, (_, mark: string) => {
      if (/^[xu]./.test(mark)) return String.fromCharCode(Number.parseInt(mark.slice(1), 16));
      return { n: '\n', t: '\t', r: '\r', '\n': '' }[mark] ?? mark;
    });
  return { kind, text, start, end: Math.min(index + close.length, code.length) };
}

const names = /[\p{L}_$@][\p{L}\p{N}_$?!]*/uy;
const numbers = /\d[\w.]*/y;

function nameAt(code: string, start: number): CodeToken | undefined {
  for (const [kind, pattern] of [
    ['name', names],
    ['number', numbers],
  ] as const) {
    pattern.lastIndex = start;
    const text = pattern.exec(code)?.[0];
    if (text !== undefined) return { kind, text, start, end: start + text.length };
  }
  const text = String.fromCodePoint(code.codePointAt(start) as number);
  return { kind: 'symbol', text, start, end: start + text.length };
}

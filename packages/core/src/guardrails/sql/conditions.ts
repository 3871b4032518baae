import type { Token } from './tokens.ts';

const comparisons = new Set(['=', '<>', '!=', '<', '>', '<=', '>=', 'LIKE', 'ILIKE', 'IS']);

/** Counts tokens that are looked through. */
type Spend = (tokens: number) => void;

/**
 * True when a condition holds for every row as far as its text shows: `1=1`, `true`, `id = id`, `x = 1 or 'a' = 'a'`. What
 * needs the data to be known is taken for a condition. What is looked through is told to `spend`, each time.
 */
export function isConstantlyTrue(tokens: readonly Token[], spend: Spend): boolean {
  spend(tokens.length);
  const inner = unwrapped(tokens, spend);
  if (inner.length === 0) return true;
  const base = inner.reduce((least, { depth }) => Math.min(least, depth), Number.POSITIVE_INFINITY);
  const alternatives = splitAt(inner, 'OR', base);
  if (alternatives.length > 1) return alternatives.some((part) => isConstantlyTrue(part, spend));
  const conjuncts = splitAt(inner, 'AND', base);
  if (conjuncts.length > 1 && !inner.some(({ text }) => text === 'BETWEEN'))
    return conjuncts.every((part) => isConstantlyTrue(part, spend));
  const [first, ...rest] = inner;
  if (first?.kind === 'word' && first.text === 'NOT') return isConstantlyFalse(rest, spend);
  if (inner.length === 1 && first) return isTrue(first);
  const known = comparison(inner, spend);
  return known ?? !hasColumn(inner);
}

/** Words of conditions that name no column. */
const plainWords =
  /^(AND|OR|NOT|TRUE|FALSE|NULL|IS|IN|BETWEEN|LIKE|ILIKE|EXISTS|SELECT|ALL|ANY|SOME|CASE|WHEN|THEN|ELSE|END|INTERVAL|CURRENT_\w+|LOCALTIME\w*|ESCAPE|SYMMETRIC|DISTINCT)$/;

/** Whether a condition depends on the row at all: `2 between 1 and 3` and `exists (select 1)` do not. */
export function hasColumn(tokens: readonly Token[]): boolean {
  return tokens.some(({ kind, text }, index) => {
    if (kind === 'identifier') return true;
    return kind === 'word' && !plainWords.test(text) && tokens[index + 1]?.text !== '(';
  });
}

function isConstantlyFalse(tokens: readonly Token[], spend: Spend): boolean {
  const inner = unwrapped(tokens, spend);
  const [first] = inner;
  if (inner.length === 1 && first)
    return first.text === 'FALSE' || (first.kind === 'number' && Number(first.text) === 0);
  return comparison(inner, spend) === false;
}

const isTrue = ({ kind, text }: Token) =>
  (kind === 'word' && text === 'TRUE') ||
  (kind === 'number' && Number(text) !== 0) ||
  (kind === 'string' && /^(t|true|1|yes|on)$/i.test(text));

/** Of two literals, or of something with itself; undefined when it depends on the row. */
function comparison(tokens: readonly Token[], spend: Spend): boolean | undefined {
  const at = tokens.findIndex(({ text, kind }) => comparisons.has(text) && kind !== 'string');
  if (at < 0) return undefined;
  const [left, right] = [unwrapped(tokens.slice(0, at), spend), unwrapped(tokens.slice(at + 1), spend)];
  const operator = tokens[at]?.text ?? '';
  const same = left.length > 0 && left.map(key).join(' ') === right.map(key).join(' ');
  if (operator === 'IS')
    return left.every(isLiteral) && left.length === 1 && right.at(-1)?.text === 'NULL'
      ? right[0]?.text === 'NOT'
      : same || undefined;
  if (operator === 'LIKE' || operator === 'ILIKE')
    return right.length === 1 && right[0]?.kind === 'string' && /^%+$/.test(right[0].text) ? true : undefined;
  if (same) return operator === '=' || operator === '<=' || operator === '>=';
  if (left.length !== 1 || right.length !== 1 || !left.every(isLiteral) || !right.every(isLiteral)) return undefined;
  return compare(left[0] as Token, operator, right[0] as Token);
}

const key = ({ kind, text }: Token) => (kind === 'identifier' ? `word:${text.toUpperCase()}` : `${kind}:${text}`);
const isLiteral = ({ kind, text }: Token) =>
  kind === 'number' || kind === 'string' || text === 'TRUE' || text === 'FALSE';

function compare(left: Token, operator: string, right: Token): boolean | undefined {
  const numbers = left.kind === 'number' && right.kind === 'number';
  const [a, b] = numbers ? [Number(left.text), Number(right.text)] : [left.text, right.text];
  switch (operator) {
    case '=':
      return a === b;
    case '<>':
    case '!=':
      return a !== b;
    case '<':
      return a < b;
    case '>':
      return a > b;
    case '<=':
      return a <= b;
    default:
      return a >= b;
  }
}

/** Without brackets around the whole. */
function unwrapped(tokens: readonly Token[], spend: Spend): readonly Token[] {
  let inner = tokens;
  while (inner.length >= 2 && inner[0]?.text === '(' && inner.at(-1)?.text === ')') {
    spend(inner.length);
    const open = inner[0].depth;
    if (inner.slice(1, -1).some((token) => token.text === ')' && token.depth === open)) break;
    inner = inner.slice(1, -1);
  }
  return inner;
}

function splitAt(tokens: readonly Token[], word: string, depth: number): Token[][] {
  const parts: Token[][] = [[]];
  for (const token of tokens) {
    if (token.depth === depth && token.kind === 'word' && token.text === word) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}

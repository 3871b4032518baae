import { maxTextBytes } from '@agentcoord/contract';
import { z } from 'zod';

/**
 * What nobody sees, and what can make a reader see something else than a model does: control characters but tab and
 * line ends, zero-width and other invisible ones, those that turn the direction of a line, tags. A zero-width joiner
 * is left where it joins two emoji to one, and after an emoji what says how it is drawn. Such text is refused, not cleaned: what is stored is what was sent.
 */
const unseen =
  /(?![\t\n\r])\p{Cc}|\p{Bidi_Control}|(?![\u200D\uFE0E\uFE0F])\p{Default_Ignorable_Code_Point}|[\u2028\u2029\u2800\uFFF9-\uFFFB]|(?<!\p{Emoji})[\uFE0E\uFE0F]|(?<!\p{Extended_Pictographic}[\uFE0F\u{1F3FB}-\u{1F3FF}]?)\u200D|\u200D(?!\p{Extended_Pictographic})/u;

/** Names as Unicode gives them; those of control characters are their aliases. */
const names: Record<number, string> = {
  0: 'NULL',
  7: 'BELL',
  8: 'BACKSPACE',
  11: 'LINE TABULATION',
  12: 'FORM FEED',
  27: 'ESCAPE',
  127: 'DELETE',
  133: 'NEXT LINE',
  1564: 'ARABIC LETTER MARK',
  6158: 'MONGOLIAN VOWEL SEPARATOR',
  8203: 'ZERO WIDTH SPACE',
  8204: 'ZERO WIDTH NON-JOINER',
  8205: 'ZERO WIDTH JOINER',
  8206: 'LEFT-TO-RIGHT MARK',
  8207: 'RIGHT-TO-LEFT MARK',
  8234: 'LEFT-TO-RIGHT EMBEDDING',
  8235: 'RIGHT-TO-LEFT EMBEDDING',
  8236: 'POP DIRECTIONAL FORMATTING',
  8237: 'LEFT-TO-RIGHT OVERRIDE',
  8238: 'RIGHT-TO-LEFT OVERRIDE',
  8288: 'WORD JOINER',
  8294: 'LEFT-TO-RIGHT ISOLATE',
  8295: 'RIGHT-TO-LEFT ISOLATE',
  8296: 'FIRST STRONG ISOLATE',
  8297: 'POP DIRECTIONAL ISOLATE',
  65279: 'ZERO WIDTH NO-BREAK SPACE, a byte order mark',
};

/**
 * Why a text cannot be taken; undefined when it can. Beside what is unseen: half of a surrogate pair, which Postgres
 * would keep as U+FFFD, so that two texts turn into one, and more bytes than any column should have.
 */
export function findUnusableText(text: string): string | undefined {
  if (!text.isWellFormed()) return 'contains half of a surrogate pair';
  if (text.length > maxTextBytes || (text.length > maxTextBytes / 3 && Buffer.byteLength(text) > maxTextBytes)) {
    return `longer than ${maxTextBytes} bytes`;
  }
  const found = unseen.exec(text);
  if (!found) return undefined;
  const codePoint = found[0].codePointAt(0) as number;
  const hexadecimal = codePoint.toString(16).toUpperCase().padStart(4, '0');
  return `contains U+${hexadecimal} (${nameOf(codePoint)}) as character ${[...text.slice(0, found.index)].length + 1}`;
}

function nameOf(codePoint: number): string {
  if (codePoint >= 0xe0000 && codePoint < 0xe0080) return 'a tag character';
  return names[codePoint] ?? (codePoint < 0xa0 ? 'a control character' : 'an invisible character');
}

/** A name from the configuration, which nobody has looked at yet. */
export function nameOfAtMost(length: number) {
  const isPlain = (name: string) => !/[\t\n\r]/.test(name) && findUnusableText(name) === undefined;
  return z.string().max(length).refine(isPlain, 'must be one line of text without invisible characters');
}

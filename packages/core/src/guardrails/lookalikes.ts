/** Letters of other alphabets that look like Latin ones, and the Latin ones. */
const letters = new Map(
  Object.entries({
    ...{
      а: 'a',
      в: 'b',
      с: 'c',
      ԁ: 'd',
      е: 'e',
      һ: 'h',
      і: 'i',
      ј: 'j',
      к: 'k',
      ӏ: 'l',
      м: 'm',
      п: 'n',
      о: 'o',
      р: 'p',
    },
    ...{
      ѕ: 's',
      т: 't',
      υ: 'u',
      ѵ: 'v',
      ѡ: 'w',
      х: 'x',
      у: 'y',
      А: 'A',
      В: 'B',
      С: 'C',
      Е: 'E',
      Н: 'H',
      І: 'I',
      Ј: 'J',
    },
    ...{
      К: 'K',
      М: 'M',
      О: 'O',
      Р: 'P',
      Ѕ: 'S',
      Т: 'T',
      Х: 'X',
      У: 'Y',
      α: 'a',
      ε: 'e',
      ι: 'i',
      κ: 'k',
      ο: 'o',
      ρ: 'p',
    },
    ...{
      τ: 't',
      ν: 'v',
      χ: 'x',
      Α: 'A',
      Β: 'B',
      Ε: 'E',
      Η: 'H',
      Ι: 'I',
      Κ: 'K',
      Μ: 'M',
      Ν: 'N',
      Ο: 'O',
      Ρ: 'P',
      Τ: 'T',
    },
    ...{ Χ: 'X', Υ: 'Y', Ζ: 'Z', ı: 'i', ɡ: 'g', ɑ: 'a', ƅ: 'b', ո: 'n', ս: 'u', օ: 'o', ց: 'g', հ: 'h', ӕ: 'ae' },
    ...{ '∕': '/', '⁄': '/', '／': '/', '∖': '\\', '∗': '*', '﹡': '*', '；': ';', '｜': '|', '＆': '&', '＞': '>' },
  }),
);

const dashes = /[\u2010-\u2015\u2212\uFE58\uFE63\uFF0D\u00AD]/g;
const doubleQuotes = /[\u201C-\u201F\u2033\u300C\u300D]/g;
const singleQuotes = /[\u2018-\u201B\u2032]/g;
/** Single letters that stand for whole sentences: taken apart, they are eighteen times as long. */
const sentences = /[\uFDFA\uFDFB]/g;
const invisible = /[\u200B-\u200F\u202A-\u202E\u2060-\u2064\u2066-\u206F\uFEFF\u180E\u{E0000}-\u{E007F}]/gu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const plain = /^[\x00-\x7f]*$/;

/**
 * The text with characters replaced by those they look like; undefined when there are none. An editor that makes quotes
 * round, or somebody who writes `rm` in Cyrillic, gets the same verdict as the plain command.
 */
export function plainText(text: string): string | undefined {
  if (plain.test(text)) return undefined;
  const folded = text
    .replace(invisible, '')
    .replace(sentences, '\u0635')
    .normalize('NFKC')
    // An editor makes one long dash out of two hyphens.
    .replace(/(^|\s)[\u2013\u2014](?=[a-z]{2})/gu, '$1--')
    .replace(dashes, '-')
    .replace(doubleQuotes, '"')
    .replace(singleQuotes, "'")
    .replace(/[^\p{ASCII}]/gu, (character) => letters.get(character) ?? character);
  return folded === text ? undefined : folded;
}

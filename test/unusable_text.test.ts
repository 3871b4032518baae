import { describe, expect, test } from 'vitest';
import { findUnusableText } from '../packages/core/src/text.ts';

describe('a text is refused, and it is said why, when it has', () => {
  test.each([
    ['a NUL', 'a\0b', 'contains U+0000 (NULL) as character 2'],
    ['an escape sequence', '\u001b[31mred', 'contains U+001B (ESCAPE) as character 1'],
    ['a vertical tab', 'a\u000b', 'contains U+000B (LINE TABULATION) as character 2'],
    ['a control character without a name of its own', '\u0002', 'contains U+0002 (a control character) as character 1'],
    ['a C1 control character', '\u009b', 'contains U+009B (a control character) as character 1'],
    ['a zero-width space', 'pass\u200bword', 'contains U+200B (ZERO WIDTH SPACE) as character 5'],
    ['a zero-width non-joiner', '\u200c', 'contains U+200C (ZERO WIDTH NON-JOINER) as character 1'],
    ['a byte order mark', '\ufeffa', 'contains U+FEFF (ZERO WIDTH NO-BREAK SPACE, a byte order mark) as character 1'],
    ['a turned direction', 'a\u202egpj.exe', 'contains U+202E (RIGHT-TO-LEFT OVERRIDE) as character 2'],
    ['an isolate', '\u2066', 'contains U+2066 (LEFT-TO-RIGHT ISOLATE) as character 1'],
    ['an Arabic letter mark', '\u061c', 'contains U+061C (ARABIC LETTER MARK) as character 1'],
    ['hidden tags', '😀\u{e0049}', 'contains U+E0049 (a tag character) as character 2'],
    ['a soft hyphen', 'a\u00adb', 'contains U+00AD (an invisible character) as character 2'],
    ['a filler', 'rm\u3164', 'contains U+3164 (an invisible character) as character 3'],
    ['a grapheme joiner', 'a\u034f', 'contains U+034F (an invisible character) as character 2'],
    ['a hidden variation', 'a\u{e0100}', 'contains U+E0100 (an invisible character) as character 2'],
    ['a variation of a letter', 'a\ufe0f', 'contains U+FE0F (an invisible character) as character 2'],
    ['a line separator', 'a\u2028', 'contains U+2028 (an invisible character) as character 2'],
    ['an invisible operator', '\u2063', 'contains U+2063 (an invisible character) as character 1'],
    ['a joiner between letters', 'a\u200db', 'contains U+200D (ZERO WIDTH JOINER) as character 2'],
    ['a joiner after an emoji', '👩\u200d', 'contains U+200D (ZERO WIDTH JOINER) as character 2'],
    ['a second joiner in an emoji', '👩\u200d\u200d💻', 'contains U+200D (ZERO WIDTH JOINER) as character 2'],
    ['half a character', 'a\ud800', 'contains half of a surrogate pair'],
    ['262,145 bytes', 'x'.repeat(262_145), 'longer than 262144 bytes'],
    ['262,145 bytes in fewer characters', `x${'ü'.repeat(131_072)}`, 'longer than 262144 bytes'],
  ])('%s', (_, text, problem) => {
    expect(findUnusableText(text)).toBe(problem);
  });
});

describe('a text is taken as it is with', () => {
  test.each([
    ['tabs and line ends', 'a\tb\r\nc\n'],
    ['every script', 'Ω ñ 漢字 हिन्दी עברית العربية ไทย'],
    ['accents that combine', 'e\u0301'],
    ['emoji that were joined', '👩‍💻 👨‍👩‍👧 👩🏽‍🚀 🏳️‍🌈 ❤️‍🔥 🧑🏻‍🤝‍🧑🏿'],
    ['a no-break space', 'a\u00a0b'],
    ['an emoji that is told how to be drawn', '✔\ufe0f 1\ufe0f\u20e3'],
    ['262,144 bytes', 'x'.repeat(262_144)],
  ])('%s', (_, text) => {
    expect(findUnusableText(text)).toBeUndefined();
  });
});

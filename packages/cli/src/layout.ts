/** Columns between two cells. */
export const gap = 2;

/**
 * One row of cells side by side, each wrapped to its width. In the last one, an API key stays whole even if it is longer:
 * nobody can copy half of one.
 */
export function row(cells: readonly string[], widths: readonly number[]): string {
  const wrapped = cells.map((text, index) => wrap(text, widths[index] ?? 0, index === cells.length - 1));
  const height = Math.max(...wrapped.map(({ length }) => length));
  const lines = Array.from({ length: height }, (_, line) =>
    wrapped.map((cell, index) => padded(cell[line] ?? '', (widths[index] ?? 0) + gap)).join(''),
  );
  return lines.map((line) => line.trimEnd()).join('\n');
}

/** Text below an indentation. */
export function indented(text: string, columns: number, width: number): string {
  return row(['', text], [columns - gap, width - columns]);
}

/** Columns of a terminal that a text takes. */
export function widthOf(text: string): number {
  // What has only printable ASCII, which is nearly everything, need not be taken apart.
  return /^[ -~]*$/.test(text)
    ? text.length
    : charactersOf(text).reduce((sum, each) => sum + widthOfCharacter(each), 0);
}

/** As people count: a letter with its accents, a family of emoji. */
function charactersOf(text: string): string[] {
  return [...segmenter.segment(text)].map(({ segment }) => segment);
}

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

function widthOfCharacter(character: string): number {
  if (/^[\p{M}\p{Cf}]+$/u.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}

const wide =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]|\ufe0f/u;

function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** Lines of at most that width. Words break only where they are longer than a line: a path after a slash, if it can. */
function wrap(text: string, width: number, keepsKeys: boolean): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text
    .split(' ')
    .flatMap((each) => (keepsKeys && apiKey.test(each) ? [each] : pieces(each, width)))) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && widthOf(longer) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}

const apiKey = /^ac_\w+$/;

function pieces(word: string, width: number): string[] {
  if (widthOf(word) <= width) return [word];
  const characters = charactersOf(word);
  const cut: string[] = [];
  for (let start = 0; start < characters.length; ) {
    let [end, used] = [start, 0];
    while (end < characters.length && used + widthOfCharacter(characters[end] ?? '') <= width) {
      used += widthOfCharacter(characters[end] ?? '');
      end++;
    }
    const slash = characters.slice(start, end).lastIndexOf('/') + 1;
    const isLast = end === characters.length;
    const taken = !isLast && slash > (end - start) / 2 ? slash : Math.max(end - start, 1);
    cut.push(characters.slice(start, start + taken).join(''));
    start += taken;
  }
  return cut;
}

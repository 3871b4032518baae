import { contextOf } from './context.ts';
import { fencedBy } from './fences.ts';
import { type FencedBlock, FencedBlocks } from './prose/fenced_blocks.ts';
import { JoinedLines } from './prose/joined_lines.ts';
import { lineActions, type ProseAction, plainLineActions } from './prose/line_actions.ts';
import { isBroken } from './shell/parsing.ts';

export type { ProseAction } from './prose/line_actions.ts';

/** More commands than stand one by one in any text that somebody has written. What follows them is read as one script. */
const mostActions = 2000;

/** Lines, and characters of them, after which a reading pauses: they take less than a millisecond each, or a few together. */
const [linesAtOnce, charactersAtOnce] = [256, 16_384];

/**
 * How lines are read: as a text with blocks; as the content of a document in it; as what may have been taken for a block,
 * where only a block that would be judged is one; or each line by itself. Nothing is read again as what comes before, so
 * that no line is read often.
 */
type Reading = 'text' | 'document' | 'doubt' | 'lines';

/** The commands in prose: fenced blocks, inline code that one is told to run, and lines that are nothing but a command. */
export function* proseActions(text: string): Generator<undefined, ProseAction[]> {
  const actions: ProseAction[] = [];
  // Every text of every call comes by here, and most have no block.
  const fenced = text.includes('```') || text.includes('~~~');
  yield* readLines(linesOf(text), fenced ? 'text' : 'lines', actions);
  return actions;
}

const linesOf = (text: string) =>
  text.includes('\r') || text.includes('\u2028') ? text.split(/\r\n?|[\n\u2028\u2029]/) : text.split('\n');

function* readLines(lines: readonly string[], reading: Reading, actions: ProseAction[]): Generator<undefined, void> {
  const blocks = reading === 'lines' ? undefined : new FencedBlocks(isFenceIn[reading]);
  const joined = new JoinedLines();
  let [count, characters] = [0, 0];
  for (const [index, line] of lines.entries()) {
    if (++count >= linesAtOnce || characters > charactersAtOnce) {
      yield;
      [count, characters] = [0, 0];
    }
    if (actions.length >= mostActions) {
      actions.push({ text: lines.slice(index).join('\n'), context: 'shell' });
      break;
    }
    const { isOutside, block } = blocks?.next(line) ?? { isOutside: true };
    const whole = joined.next(isOutside ? line : '');
    if (whole !== undefined)
      characters += isCoded(whole) ? yield* readCoded(whole, actions) : readPlain(whole, actions);
    if (block) yield* readBlock(block, reading, actions);
    // Where a line ends in a backslash, what follows may be a line of its own all the same.
    if (isOutside) {
      const own = line.endsWith('\\') ? line.slice(0, -1) : line;
      characters += isCoded(own) ? yield* readCoded(own, actions) : readPlain(own, actions);
    }
  }
  const rest = joined.next('');
  if (rest !== undefined) yield* readCoded(rest, actions);
  const last = blocks?.end();
  if (last) yield* readBlock(last, reading, actions);
}

/** Whether a line has inline code. Without it the reading need not pause in it, which costs as much as all the rest. */
const isCoded = (line: string) => line.includes('`');

/** Notes what is in one line, and answers how long it is. */
function readPlain(line: string, actions: ProseAction[]): number {
  for (const action of plainLineActions(line)) actions.push(action);
  return line.length;
}

function* readCoded(line: string, actions: ProseAction[]): Generator<undefined, number> {
  for (const action of yield* lineActions(line)) actions.push(action);
  return line.length;
}

/** Which fences begin a block: where it is in doubt whether one has ended, code and data hide nothing. */
const isFenceIn: Record<Exclude<Reading, 'lines'>, (language: string) => boolean> = {
  text: () => true,
  document: () => true,
  doubt: (language) => fencedBy(language) !== 'other',
};

function* readBlock(
  { language, lines, unsure }: FencedBlock,
  reading: Reading,
  actions: ProseAction[],
): Generator<undefined, void> {
  const fenced = fencedBy(language);
  const script = yield* scriptIn(language, lines);
  if (script) actions.push(script);
  // As Markdown has it the block goes on to the end, but people may take what stands in it for what it looks like.
  if (unsure) yield* readLines(lines, reading === 'doubt' ? 'lines' : 'doubt', actions);
  else if (fenced === 'markdown') yield* readLines(lines, reading === 'text' ? 'document' : 'lines', actions);
  else if (fenced === 'text' && !script) yield* readLines(lines, 'lines', actions);
}

/** The block as one script. A text is none unless it begins as one; what nothing is said of may be one as well. */
function* scriptIn(language: string, lines: readonly string[]): Generator<undefined, ProseAction | undefined> {
  const fenced = fencedBy(language);
  if (fenced === 'other' || fenced === 'markdown') return undefined;
  const text = scriptOf(lines);
  if (fenced !== 'text') return { text, context: fenced };
  const guessed = language === '' ? contextOf(text) : 'prose';
  if (guessed === 'shell' || guessed === 'sql') return { text, context: guessed };
  if (guessed !== 'prose') return undefined;
  const [first] = yield* lineActions(lines.find((line) => line.trim() !== '') ?? '');
  return first && !isBroken(text) ? { text, context: first.context } : undefined;
}

/** What stands behind the prompts. */
const scriptOf = (lines: readonly string[]) => lines.map((line) => line.replace(prompt, '')).join('\n');

const prompt =
  /^[^\S\r\n\u2028\u2029]*(?:[$#>%]|\[?[\w.-]+@[^\s$#%]+(?:\s[^\s$#%]*)?\s?[$#%]|(?:PS )?[A-Z]:\\[^\s>]*>)\s+(?=\S)/;

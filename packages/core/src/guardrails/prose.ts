import { isCommandName, sentenceWords } from './command_names.ts';
import { type Context, contextOf } from './context.ts';
import { fencedBy } from './fences.ts';
import { type BareLine, bareLine } from './prose/bare_line.ts';
import { shellIn } from './prose/command_line.ts';
import { JoinedLines } from './prose/joined_lines.ts';
import { isStatement, statementsIn } from './prose/statements.ts';
import { isBroken } from './shell/parsing.ts';

/** A part of a text for people that is a command or a statement to carry out. */
export interface ProseAction {
  text: string;
  context: Exclude<Context, 'prose'>;
  /** True when it may as well be a sentence: it counts only when rules stop it, not when they warn of it. */
  doubtful?: true;
}

/** What makes an inline code an order: a verb of doing just before it. */
const orders =
  /\b(?:run|execute|perform|type|enter|invoke|issue|call|launch|start|use|using|via|with|then|do|by running)\b[^.!?\n`]{0,40}$/i;
const negations =
  /\b(?:not|never|don't|do not|doesn't|avoid|without|instead of|rather than|forbid|block|blocks|refuse|reject|detect|prevent|remove|delete|replace|mention|document|explain|why|catch|warn|disallow|ban|no longer|stop)\b[^.!?\n`]{0,60}$/i;

/** More characters than `orders` and `negations` look back over. */
const furthest = 120;

/** The fence of a block, in a quotation too. Behind back-ticks stands no other one, or it would be inline code. */
const fencePattern = /^[\s>]*(?:```(?!.*`)|~~~)[`~]*\s*[{.]*([\w+#/-]*)/;

/** More commands than stand one by one in any text that somebody has written. What follows them is read as one script. */
const mostActions = 2000;

/** Lines after which a reading pauses: they take less than a millisecond. */
const linesAtOnce = 256;

/** The commands in prose: fenced blocks, inline code that one is told to run, and lines that are nothing but a command. */
export function* proseActions(text: string): Generator<undefined, ProseAction[]> {
  const actions: ProseAction[] = [];
  let block: { language: string; quoted: boolean; lines: string[] } | undefined;
  const close = () => {
    const lines = block?.quoted ? block.lines.map((line) => line.replace(/^\s*>\s?/, '')) : block?.lines;
    if (block && lines) actions.push(...blockActions(block.language, lines));
    block = undefined;
  };
  // Every text of every call comes by here, and most have none.
  const fenced = text.includes('```') || text.includes('~~~');
  const joined = new JoinedLines();
  const lines = linesOf(text);
  for (const [index, line] of lines.entries()) {
    if (index % linesAtOnce === linesAtOnce - 1) yield;
    if (actions.length >= mostActions) {
      close();
      return [...actions, { text: lines.slice(index).join('\n'), context: 'shell' }];
    }
    const whole = joined.next(block ? '' : line);
    if (whole !== undefined) actions.push(...lineActions(whole));
    const fence = fenced && fencePattern.exec(line);
    if (fence && block) close();
    else if (fence) block = { language: fence[1] as string, quoted: /^\s*>/.test(line), lines: [] };
    else if (block) block.lines.push(line);
    // Where a line ends in a backslash, what follows may be a line of its own all the same.
    else actions.push(...lineActions(line.endsWith('\\') ? line.slice(0, -1) : line));
  }
  close();
  return actions;
}

const linesOf = (text: string) =>
  text.includes('\r') || text.includes('\u2028') ? text.split(/\r\n?|[\n\u2028\u2029]/) : text.split('\n');

function blockActions(language: string, lines: readonly string[]): ProseAction[] {
  const text = lines.map((line) => line.replace(prompt, '')).join('\n');
  const fenced = language === '' ? '' : fencedBy(language);
  if (fenced === 'shell' || fenced === 'sql') return [{ text, context: fenced }];
  if (fenced === 'other') return [];
  const context = contextOf(text);
  if (fenced === '') return context === 'shell' || context === 'sql' ? [{ text, context }] : [];
  // What is called a text is one, unless it begins as a script does.
  const [first] = lineActions(lines.find((line) => line.trim() !== '') ?? '');
  return first && !isBroken(text) ? [{ text, context: first.context }] : lines.flatMap(lineActions);
}

const prompt =
  /^[^\S\r\n\u2028\u2029]*(?:[$#>%]|\[?[\w.-]+@[^\s$#%]+(?:\s[^\s$#%]*)?\s?[$#%]|(?:PS )?[A-Z]:\\[^\s>]*>)\s+(?=\S)/;

function lineActions(line: string): ProseAction[] {
  const bare = bareLine(line);
  // A quotation without a space, or a redirection in front.
  const redirected = /^\s*>[^\s>]/.test(line) ? shellIn(line.trim(), false) : undefined;
  const before = redirected === undefined ? [] : [actionOf(redirected, 'shell', false)];
  if (!line.includes('`')) return [...before, ...commandIn(bare)];
  const actions = before;
  for (const match of line.matchAll(/(?<!`)(`{1,3})(?!`)([^`]+)\1(?!`)/g)) {
    const preceding = line.slice(Math.max(0, match.index - furthest), match.index);
    const text = (match[2] as string).trim();
    if (orders.test(preceding) && !negations.test(preceding))
      actions.push(...commandIn({ ...bare, text, marked: true }));
  }
  const text = bare.text.replace(/^(`{1,3})([^`]+)\1$/, '$2').trim();
  // What is marked as code within a command belongs to it.
  if (!text.startsWith('`')) {
    const guessed = bare.guessed || text.includes('`');
    actions.push(...commandIn({ ...bare, text: text.replaceAll('`', ''), guessed }));
  }
  return actions;
}

/** The line as an action when it is one; where it may be a command or a statement, it is both. */
function commandIn({ text, marked, guessed }: BareLine): ProseAction[] {
  const certain = marked || !guessed;
  if (isStatement(text, marked)) return [actionOf(text, 'sql', certain)];
  const plain = isPlainCommand(text, marked);
  const [shell, sql] = [plain ? text : shellIn(text, marked), statementsIn(text)];
  return [
    ...(shell === undefined ? [] : [actionOf(shell, 'shell', marked || (plain && certain))]),
    ...(sql === undefined ? [] : [actionOf(sql, 'sql', marked)]),
  ];
}

function actionOf(text: string, context: ProseAction['context'], certain: boolean): ProseAction {
  return certain ? { text, context } : { text, context, doubtful: true };
}

/** A name and its arguments, none of which is a word of sentences. */
function isPlainCommand(text: string, marked: boolean): boolean {
  const [, first = '', second = ''] = /^(\S*)\s*(\S*)/.exec(text) ?? [];
  const assigned = /^(\w+=.*)?$/s.test(first) ? second : first;
  if (!isCommandName(assigned) || second === '') return false;
  if (marked) return true;
  const [, ...rest] = text.split(/\s+/);
  if (rest.some((word) => sentenceWords.test(word.replace(/[.,:;!?]$/, '')))) return false;
  // "find the bug", "make it faster" and the like were sentences; what is left must parse.
  return !isBroken(text);
}

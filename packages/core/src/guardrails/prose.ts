import { isCommandName, sentenceWords } from './command_names.ts';
import { type Context, contextOf, isSql } from './context.ts';
import { fencedBy } from './fences.ts';
import { isBroken } from './shell/parsing.ts';

/** A part of a text for people that is a command or a statement to carry out. */
export interface ProseAction {
  text: string;
  context: Exclude<Context, 'prose'>;
}

/** What makes an inline code an order: a verb of doing just before it. */
const orders =
  /\b(?:run|execute|perform|type|enter|invoke|issue|call|launch|start|use|using|via|with|then|do|by running)\b[^.!?\n`]{0,40}$/i;
const negations =
  /\b(?:not|never|don't|do not|doesn't|avoid|without|instead of|rather than|forbid|block|blocks|refuse|reject|detect|prevent|remove|delete|replace|mention|document|explain|why|catch|warn|disallow|ban|no longer|stop)\b[^.!?\n`]{0,60}$/i;

/** More characters than `orders` and `negations` look back over. */
const furthest = 120;

/**
 * What stands before a command on its line: of quotations, lists and check lists, and a prompt: `$`, `ann@host:~#`, `C:\>`.
 * All that follows matches, so that nothing is tried twice.
 */
const linePrefix =
  /^[\s>]*(?:(?:[-*+•]|\d+[.)]|[a-z]\))\s+)?(?:\[[ xX]?\]\s+)?((?:\[?[\w.-]+@[^\s$#%]+(?:\s[^\s$#%]*)?\s?)?[$%]\s+|\[?[\w.-]+@[^\s$#%]+(?:\s[^\s$#%]*)?\s?#\s+|(?:PS )?[A-Z]:\\[^\s>]*>\s*)?(?:#\s+)?(.*)$/s;

/** The fence of a block, in a quotation too. Behind back-ticks stands no other one, or it would be inline code. */
const fencePattern = /^[\s>]*(?:```(?!.*`)|~~~)[`~]*\s*[{.]*([\w+#/-]*)/;

/** The commands in prose: fenced blocks, inline code that one is told to run, and lines that are nothing but a command. */
export function proseActions(text: string): ProseAction[] {
  const actions: ProseAction[] = [];
  let block: { language: string; quoted: boolean; lines: string[] } | undefined;
  const close = () => {
    const lines = block?.quoted ? block.lines.map((line) => line.replace(/^\s*>\s?/, '')) : block?.lines;
    if (block && lines) actions.push(...blockActions(block.language, lines));
    block = undefined;
  };
  // Every text of every call comes by here, and most have none.
  const fenced = text.includes('```') || text.includes('~~~');
  for (const line of linesOf(text)) {
    const fence = fenced && fencePattern.exec(line);
    if (fence && block) close();
    else if (fence) block = { language: fence[1] as string, quoted: /^\s*>/.test(line), lines: [] };
    else if (block) block.lines.push(line);
    else actions.push(...lineActions(line));
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
  const [, marked, bare = ''] = linePrefix.exec(line) ?? [];
  if (!line.includes('`')) return commandIn(bare.trim(), marked !== undefined);
  const actions: ProseAction[] = [];
  for (const match of line.matchAll(/(?<!`)(`{1,3})(?!`)([^`]+)\1(?!`)/g)) {
    const before = line.slice(Math.max(0, match.index - furthest), match.index);
    const code = (match[2] as string).trim();
    if (orders.test(before) && !negations.test(before)) actions.push(...commandIn(code, true));
  }
  const text = bare.replace(/^(`{1,3})([^`]+)\1$/, '$2').trim();
  if (!text.includes('`')) actions.push(...commandIn(text, marked !== undefined));
  return actions;
}

/** The line as an action when it is one; `marked` says that it stands where a command stands. */
function commandIn(text: string, marked: boolean): ProseAction[] {
  if (isStatement(text, marked)) return [{ text, context: 'sql' }];
  const [first, second = ''] = text.split(/\s+/, 2) as [string, string?];
  const assigned = /^(\w+=.*)?$/s.test(first) ? second : first;
  if (!isCommandName(assigned) || second === '') return [];
  const [, ...rest] = text.split(/\s+/);
  if (!marked && rest.some((word) => sentenceWords.test(word.replace(/[.,:;!?]$/, '')))) return [];
  // "find the bug", "make it faster" and the like were sentences; what is left must parse.
  if (!marked && isBroken(text)) return [];
  return [{ text, context: 'shell' }];
}

function isStatement(text: string, marked: boolean): boolean {
  if (!marked && !/;\s*$/.test(text) && !/^[A-Z]{4,}\s+[A-Z]+\b/.test(text)) return false;
  return isSql(text);
}

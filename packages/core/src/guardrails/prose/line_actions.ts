import { isCommandName, sentenceWords } from '../command_names.ts';
import type { Context } from '../context.ts';
import { isBroken } from '../shell/parsing.ts';
import { type BareLine, bareLine } from './bare_line.ts';
import { shellIn } from './command_line.ts';
import { isOrdered } from './orders.ts';
import { isStatement, statementsIn } from './statements.ts';

/** A part of a text for people that is a command or a statement to carry out. */
export interface ProseAction {
  text: string;
  context: Exclude<Context, 'prose'>;
  /** True when it may as well be a sentence: it counts only when rules stop it, not when they warn of it. */
  doubtful?: true;
}

/** Pieces of inline code after which a reading pauses. */
const codesAtOnce = 128;

/** The commands in a line without inline code: the line itself when it is nothing but a command. */
export function plainLineActions(line: string): ProseAction[] {
  const redirected = redirectedIn(line);
  const actions = commandIn(bareLine(line));
  return redirected.length > 0 ? [...redirected, ...actions] : actions;
}

/** The commands in a line: inline code that one is told to run, and the line itself when it is nothing but a command. */
export function* lineActions(line: string): Generator<undefined, ProseAction[]> {
  if (!line.includes('`')) return plainLineActions(line);
  const bare = bareLine(line);
  const actions = redirectedIn(line);
  let count = 0;
  for (const match of line.matchAll(/(?<!`)(`{1,3})(?!`)([^`]+)\1(?!`)/g)) {
    if (++count % codesAtOnce === 0) yield;
    const text = (match[2] as string).trim();
    if (isOrdered(line, match.index)) actions.push(...commandIn({ ...bare, text, marked: true }));
  }
  const text = bare.text.replace(/^(`{1,3})([^`]+)\1$/, '$2').trim();
  // What is marked as code within a command belongs to it.
  if (!text.startsWith('`')) {
    const guessed = bare.guessed || text.includes('`');
    actions.push(...commandIn({ ...bare, text: text.replaceAll('`', ''), guessed }));
  }
  return actions;
}

/** A quotation without a space, or a redirection in front. */
function redirectedIn(line: string): ProseAction[] {
  const redirected = /^\s*>[^\s>]/.test(line) ? shellIn(line.trim(), false) : undefined;
  return redirected === undefined ? [] : [actionOf(redirected, 'shell', false)];
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

import type { Invocation } from '../shell/invocation.ts';
import { deleteTrees } from '../tools/deletion.ts';
import { judge } from '../tools/index.ts';
import { runText } from '../tools/shells.ts';

/** Brackets with the name behind them, and texts; each character is looked at once. */
const pieces = /\(\s*([\w:*+-]*)|"((?:[^"\\]|\\[\s\S]?)*)(?:"|$)|;[^\n]*|\)/g;

/** Functions that run a text as a shell does. */
const shells =
  /^(shell-command|shell-command-to-string|async-shell-command|compile|system|shell|uiop:run-program|run-shell-command)$/;

/** Functions that start a program with its arguments; how many texts stand before it. */
const programs = new Map([
  ['call-process', 0],
  ['process-file', 0],
  ['process-lines', 0],
  ['system*', 0],
  ['start-process', 1],
]);

/** Deepest brackets whose texts are kept apart. */
const deepest = 200;

/** Reads Lisp as Emacs and Scheme have it: what its calls with literal arguments would do is judged. */
export function readLisp(code: string, call: Invocation): void {
  const open: { name: string; texts: string[]; start: number }[] = [];
  for (const { 0: piece, 1: name, 2: text, index } of code.matchAll(pieces)) {
    call.examination.spend(0.1);
    if (name !== undefined && open.length < deepest) open.push({ name, texts: [], start: index });
    else if (text !== undefined) open.at(-1)?.texts.push(text.replace(/\\([\s\S])/g, '$1'));
    else if (piece === ')') {
      const made = open.pop();
      if (made) judgeForm(made.name, made.texts, { ...call, source: code.slice(made.start, index + 1) });
    }
  }
}

function judgeForm(name: string, texts: readonly string[], call: Invocation): void {
  const [first] = texts;
  if (first === undefined) return;
  const before = programs.get(name);
  if (before !== undefined) judge(texts.slice(before), call);
  else if (shells.test(name)) runText(call, first, { own: true });
  else if (name === 'delete-directory' && call.source.includes(' t')) deleteTrees({ ...call, args: [] }, [first]);
  else if (name === 'delete-file') judge(['rm', first], call);
}

import { evaluate } from '../shell/evaluation.ts';
import { type Invocation, optionsOf } from '../shell/invocation.ts';
import { hole } from '../shell/scope.ts';
import { between, elementsOf, separators } from '../shell/separators.ts';
import type { Tool } from './index.ts';

/** `set -- a b`: what `$1` and `$@` stand for from there on. */
const set: Tool = ({ args, scope }) => {
  const first = args.findIndex((arg) => !/^[-+]/.test(arg) || arg === '--' || arg === '-');
  if (first < 0) return;
  // `set -o pipefail` has a name, and no arguments.
  if (first > 0 && /^[-+]\w*o$/.test(args[first - 1] ?? '')) return;
  scope.setArguments(args.slice(/^--?$/.test(args[first] ?? '') ? first + 1 : first));
};

const shift: Tool = ({ args, scope, examination }) => {
  const before = scope.valueOf('@');
  // In a branch or a loop it may happen never, or often.
  if (before === undefined || scope.functions.inDoubt) return;
  examination.read(before.length);
  scope.setArguments(elementsOf(before).slice(Number(args[0] ?? 1) || 1));
};

/** `read a b` gives each name a word, and the last one the rest; `read -a` makes an array. */
const read: Tool = (call) => {
  const { args, scope, input } = call;
  const { values, operands } = optionsOf(args, 'adinNptu');
  nameElements(call, operands);
  const [line] = input.text?.split('\n') ?? [];
  const words = line?.split(separators(scope)).filter((word) => word !== '');
  for (const name of values.get('a') ?? []) scope.set(name, words?.join(between) ?? hole);
  for (const [index, name] of operands.entries()) {
    const given = index === operands.length - 1 ? words?.slice(index).join(' ') : words?.[index];
    scope.set(name, (operands.length === 1 ? line : given) ?? hole);
  }
};

const readLines: Tool = ({ args, scope, input }) => {
  const [name = 'MAPFILE'] = optionsOf(args, 'dnOsuCc').operands;
  const lines = input.text?.split('\n').filter((line) => line !== '');
  scope.set(name, lines?.join(between) ?? hole);
};

/** Reads the names of elements among those words: `a[$(rm x)]` runs what is in it. */
const nameElements = ({ scope, examination }: Invocation, words: readonly string[]): undefined => {
  for (const word of words) if (/^[A-Za-z_]\w*\[/.test(word)) evaluate(word, scope, examination);
};

/** Builtins of which each word may name an element. */
const naming: Tool = (call) => nameElements(call, call.args);

/** `test -v name`. */
const test: Tool = (call) =>
  nameElements(
    call,
    call.args.filter((_, index) => /^-[vR]$/.test(call.args[index - 1] ?? '')),
  );

const evaluated: Tool = ({ args, scope, examination }) => {
  for (const arg of args) evaluate(arg, scope, examination);
};

/** `declare -n a=b` makes `a` another name of `b`, and `declare -i a=b` evaluates `b`. */
const declare: Tool = (call) => {
  const { args, scope, examination } = call;
  naming(call);
  if (args.some((arg) => /^-[a-zA-Z]*i/.test(arg)))
    for (const arg of args) evaluate(arg.replace(/^\w+\+?=/, ''), scope, examination);
  if (!args.some((arg) => /^-[a-zA-Z]*n/.test(arg))) return;
  for (const arg of args) {
    const [, name, to] = /^(\w+)=([A-Za-z_]\w*)/.exec(arg) ?? [];
    if (name !== undefined && to !== undefined) scope.refer(name, to);
  }
};

const declarations = { declare, typeset: declare, local: declare };

export const variableTools: Record<string, Tool> = {
  let: evaluated,
  test,
  '[': test,
  export: naming,
  readonly: naming,
  unset: naming,
  getopts: naming,
  printf: (call) => (/^-v/.test(call.args[0] ?? '') ? nameElements(call, call.args.slice(1, 2)) : undefined),
  set,
  shift,
  read,
  mapfile: readLines,
  readarray: readLines,
  ...declarations,
};

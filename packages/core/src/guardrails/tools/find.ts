import { type Invocation, located, plainName, report } from '../shell/invocation.ts';
import { hole } from '../shell/scope.ts';
import { unescaped } from '../shell/stages.ts';
import { touchesGuard } from './guard.ts';
import { judge, type Tool } from './index.ts';
import { placeOf } from './paths.ts';
import { secretIn } from './secret_files.ts';
import { judgeWrite } from './writes.ts';

const actions = new Set(['-exec', '-execdir', '-ok', '-okdir']);
const filters =
  /^-(i?name|i?path|i?regex|mtime|atime|ctime|mmin|amin|size|newer\w*|user|group|empty|perm|i?lname|wholename)$/;
const generatedNames =
  /^(node_modules|dist|build|target|__pycache__|\.pytest_cache|\.mypy_cache|\.ruff_cache|\.next|\.turbo|\.cache|coverage|\*\.(pyc|pyo|log|tmp|bak|swp|orig|o|class|map)|\.DS_Store|.*\.egg-info)$/;

const find: Tool = (call) => {
  const { args } = call;
  const first = args.findIndex((arg) => /^[-(!]/.test(arg) && !/^-[HLPDO]/.test(arg));
  const roots = (first < 0 ? args : args.slice(0, first)).filter((arg) => !arg.startsWith('-'));
  const filtered = args.some((arg) => filters.test(arg));
  if (args.includes('-delete')) deleteFound(call, roots, filtered);
  const search = { roots, filtered, found: foundIn(call, roots) };
  const last = args.findLastIndex((_, index) => endsCommand(args, index));
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? '';
    if (/^-(fprint0?|fprintf|fls)$/.test(arg)) write(call, args.slice(index, index + 3));
    if (!actions.has(arg)) continue;
    const begin = index + 1;
    // What has no end may be a piece of a text: it is read up to the next one, so that many are not read many times.
    const ends = (at: number) => (index < last ? endsCommand(args, at) : actions.has(args[at] ?? ''));
    while (index + 1 < args.length && !ends(index + 1)) index++;
    execute(call, args.slice(begin, index + 1), search);
  }
};

/** Whether a word of find ends the command of an action: `;`, and `+` behind what is found. */
function endsCommand(args: readonly string[], index: number): boolean {
  const arg = args[index];
  return arg === ';' || arg === '\\;' || (arg === '+' && /\{\}/.test(args[index - 1] ?? ''));
}

/** A file that is made of what is found; of a format the text may be known. */
function write({ scope, examination, source }: Invocation, [action, path = '', format = '']: readonly string[]): void {
  judgeWrite(path, examination, source);
  scope.writeFile(path, action === '-fprintf' ? { text: unescaped(format) } : {});
}

interface Search {
  roots: readonly string[];
  filtered: boolean;
  /** A path that stands for whatever is found. */
  found: string;
}

function execute(call: Invocation, command: readonly string[], { roots, filtered, found }: Search): undefined {
  const recursive = command.some((word) => /^-\w*[rR]|^--recursive/.test(word));
  if (plainName(command[0] ?? '') === 'rm' && !recursive) return deleteFound(call, roots, filtered);
  judge(
    command.map((word) => word.replaceAll('{}', found)),
    call,
  );
}

function foundIn(call: Invocation, roots: readonly string[]): string {
  const secret = roots.find(secretIn);
  if (secret !== undefined) return secret;
  if (roots.some((path) => placeOf(located(call, path)) === 'root')) return '/';
  const named = call.args.flatMap((arg, index) => (/^-i?name$/.test(arg) ? [call.args[index + 1] ?? ''] : []));
  const generated = named.length > 0 && named.every((name) => generatedNames.test(name));
  return generated ? `./node_modules/${hole}` : `./${hole}`;
}

function deleteFound(call: Invocation, roots: readonly string[], filtered: boolean): undefined {
  if (roots.some(touchesGuard)) report(call, 'guard_tampering');
  const places = roots.map((path) => placeOf(located(call, path)));
  if (places.includes('root')) report(call, 'recursive_delete_root');
  else if (filtered) report(call, 'find_delete');
  else report(call, 'recursive_delete');
}

const fd: Tool = (call) => {
  const at = call.args.findIndex((arg) => /^(-x|-X|--exec|--exec-batch)$/.test(arg));
  if (at < 0) return;
  const command = call.args.slice(at + 1);
  if (plainName(command[0] ?? '') === 'rm' && !command.some((word) => /^-\w*[rR]/.test(word)))
    report(call, 'find_delete');
  else judge([...command.filter((word) => word !== '{}'), `./${hole}`], call);
};

export const findTools: Record<string, Tool> = { find, gfind: find, fd, fdfind: fd };

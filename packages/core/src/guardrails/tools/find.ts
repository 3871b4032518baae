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
  for (const [index, arg] of args.entries()) {
    if (/^-(fprint0?|fprintf|fls)$/.test(arg)) write(call, args.slice(index, index + 3));
    if (!actions.has(arg)) continue;
    call.examination.spend((args.length - index) / 100);
    const rest = args.slice(index + 1);
    const end = rest.findIndex((word) => word === ';' || word === '+' || word === '\\;');
    execute(call, end < 0 ? rest : rest.slice(0, end), { roots, filtered });
  }
};

/** A file that is made of what is found; of a format the text may be known. */
function write({ scope, examination, source }: Invocation, [action, path = '', format = '']: readonly string[]): void {
  judgeWrite(path, examination, source);
  scope.writeFile(path, action === '-fprintf' ? { text: unescaped(format) } : {});
}

interface Search {
  roots: readonly string[];
  filtered: boolean;
}

function execute(call: Invocation, command: readonly string[], { roots, filtered }: Search): undefined {
  const recursive = command.some((word) => /^-\w*[rR]|^--recursive/.test(word));
  if (plainName(command[0] ?? '') === 'rm' && !recursive) return deleteFound(call, roots, filtered);
  const named = call.args.flatMap((arg, index) => (/^-i?name$/.test(arg) ? [call.args[index + 1] ?? ''] : []));
  const generated = named.length > 0 && named.every((name) => generatedNames.test(name));
  const found = foundIn(call, roots, generated);
  judge(
    command.map((word) => word.replaceAll('{}', found)),
    call,
  );
}

/** A path that stands for whatever is found. */
function foundIn(call: Invocation, roots: readonly string[], generated: boolean): string {
  const secret = roots.find(secretIn);
  if (secret !== undefined) return secret;
  if (roots.some((path) => placeOf(located(call, path)) === 'root')) return '/';
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

import type { Examination } from '../finding.ts';
import { isStandardInput } from '../shell/descriptors.ts';
import { has, type Invocation, optionsOf, report } from '../shell/invocation.ts';
import { touchesGuard } from './guard.ts';
import type { Tool } from './index.ts';
import { isDisk, isSystemFile, placeOf } from './paths.ts';
import { secretIn } from './secret_files.ts';

/** A file is made or overwritten: by a redirection, a copy, an editor. */
export function judgeWrite(path: string, examination: Examination, source: string): undefined {
  if (isDisk(path)) examination.report('disk_destruction', source);
  else if (isSystemFile(path)) examination.report('system_file_write', source);
  if (/^\/dev\/(tcp|udp)\//.test(path)) examination.report('reverse_shell', source);
  if (touchesGuard(path)) examination.report('guard_tampering', source);
  const secret = secretIn(path);
  if (secret) examination.report(secret, source);
  if (/(^|\/)\.ssh\/(authorized_keys2?|config|rc|environment)$/.test(path)) examination.report('ssh_key', source);
}

const writes = ({ examination, source }: Invocation, paths: readonly string[]): undefined => {
  for (const path of paths) judgeWrite(path, examination, source);
};

const tee: Tool = (call) => {
  const { operands } = optionsOf(call.args);
  writes(call, operands);
  for (const path of operands) call.scope.writeFile(path, call.input);
};

const copy: Tool = (call) => {
  const options = optionsOf(call.args, 'tSmgo', ['target-directory', 'suffix', 'mode', 'owner', 'group']);
  const { operands } = options;
  const target = options.values.get('t')?.[0] ?? operands.at(-1);
  const sources = operands.slice(0, -1);
  if (target !== undefined && operands.length > 1) {
    writes(call, [target]);
    const [file = ''] = sources;
    const content = isStandardInput(file) ? call.input : call.scope.fileAt(file);
    if (content) call.scope.writeFile(target, content);
    if (file === '/dev/null') report(call, 'file_destruction');
  }
  if (call.name !== 'mv') return;
  if (target === '/dev/null') report(call, 'file_destruction');
  if (sources.some(touchesGuard)) report(call, 'guard_tampering');
  const places = sources.map(placeOf);
  if (places.includes('root')) report(call, 'recursive_delete_root');
};

const link: Tool = (call) => {
  const { operands } = optionsOf(call.args, 'tS');
  const target = operands.at(-1);
  if (operands.length > 1 && target !== undefined && has(optionsOf(call.args), 'f', 'force')) writes(call, [target]);
};

const sed: Tool = (call) => {
  const options = optionsOf(call.args, 'ef', ['expression', 'file']);
  const inPlace = call.args.some((arg) => /^-[nErsz]*i|^--in-place/.test(arg));
  if (inPlace) writes(call, options.operands);
};

const permissions: Tool = (call) => {
  // `-x` takes a right away and is no option.
  const args = call.args.map((arg) => (call.name === 'chmod' && /^-[rwxXst]+$/.test(arg) ? `a${arg}` : arg));
  const options = optionsOf(args, '', ['reference', 'from']);
  const [mode = '', ...paths] = options.operands;
  if (paths.some(touchesGuard)) report(call, 'guard_tampering');
  const recursive = has(options, 'R', 'recursive');
  const places = paths.map(placeOf);
  const open = call.name === 'chmod' && /^0?[0-7]?(777|666|000)$|^(a|o|ugo|)[+=]\w*w/.test(mode);
  if (recursive && places.includes('root')) report(call, 'open_permissions');
  else if (open && (recursive || paths.some(isSystemFile) || places.includes('root'))) report(call, 'open_permissions');
  else if (paths.some((path) => isSystemFile(path))) report(call, 'system_file_write');
  else if (recursive) report(call, 'recursive_permissions');
};

const truncate: Tool = (call) => {
  const { operands } = optionsOf(call.args, 'sr', ['size', 'reference']);
  writes(call, operands);
  if (operands.some((path) => /\.(db|sqlite3?|mdb)$/.test(path))) report(call, 'file_destruction');
};

const rsync: Tool = (call) => {
  const options = optionsOf(call.args, 'efTB', ['rsh', 'filter', 'exclude', 'include', 'exclude-from', 'include-from']);
  const target = options.operands.at(-1) ?? '';
  if (![...options.flags].some((flag) => /^(delete|del$|remove-source-files)/.test(flag))) return;
  if (options.flags.has('n') || options.flags.has('dry-run')) return;
  report(call, placeOf(target) === 'root' ? 'recursive_delete_root' : 'find_delete');
};

/** Programs with which a file is changed by hand. */
const editor: Tool = (call) => writes(call, optionsOf(call.args, 'cu').operands.filter(touchesGuard));

const editors = 'vi vim nvim nano pico emacs ed ex micro helix hx code cursor subl patch'.split(' ');

export const writers: Record<string, Tool> = {
  ...Object.fromEntries(editors.map((name) => [name, editor])),
  tee,
  sponge: tee,
  cp: copy,
  mv: copy,
  install: copy,
  ln: link,
  sed,
  gsed: sed,
  chmod: permissions,
  chown: permissions,
  chgrp: permissions,
  truncate,
  rsync,
  touch: (call) => writes(call, optionsOf(call.args, 'dtr').operands.filter(touchesGuard)),
};

import { has, type Invocation, located, optionsOf, report } from '../shell/invocation.ts';
import { touchesGuard } from './guard.ts';
import type { Tool } from './index.ts';
import { isDisk, isSystemFile, placeOf } from './paths.ts';

/** Deletes folders with all that is in them. */
export function deleteTrees(call: Invocation, paths: readonly string[]): undefined {
  const { flags } = optionsOf(call.args);
  if (flags.has('help') || flags.has('version') || flags.has('dry-run')) return;
  const places = paths.map((path) => placeOf(located(call, path)));
  if (places.includes('root')) report(call, 'recursive_delete_root');
  else if (paths.length > 0 && places.every((place) => place === 'generated')) report(call, 'generated_files_delete');
  else report(call, 'recursive_delete');
}

const rm: Tool = (call) => {
  const options = optionsOf(call.args);
  const { operands } = options;
  if (operands.some(touchesGuard)) report(call, 'guard_tampering');
  if (has(options, 'no-preserve-root')) report(call, 'recursive_delete_root');
  else if (has(options, 'help', 'version')) return;
  else if (has(options, 'r', 'R', 'recursive') && operands.length > 0) deleteTrees(call, operands);
  else deleteFiles(call, operands);
};

function deleteFiles(call: Invocation, operands: readonly string[]): undefined {
  if (operands.some((path) => isSystemFile(path) || isDisk(path))) report(call, 'system_file_write');
  const places = operands.map((path) => placeOf(located(call, path)));
  if (places.includes('root')) report(call, 'recursive_delete_root');
  else if (places.includes('whole')) report(call, 'wide_delete');
}

const windowsDelete: Tool = (call) => {
  const words = call.args.map((arg) => arg.toLowerCase());
  const paths = call.args.filter((arg) => !/^[-/]\w{1,2}$/.test(arg) && !arg.startsWith('-'));
  const recursive = words.some((word) => word === '/s' || /^-r(e(c(u(r(se?)?)?)?)?)?$/.test(word));
  if (recursive) deleteTrees(call, paths);
};

const shred: Tool = (call) => {
  const { operands } = optionsOf(call.args, 'ns', ['iterations', 'size', 'random-source']);
  if (operands.some(isDisk)) report(call, 'disk_destruction');
  else if (operands.length > 0) report(call, 'file_destruction');
};

export const deleteTools: Record<string, Tool> = {
  rm,
  grm: rm,
  unlink: rm,
  rimraf: (call) => deleteTrees(call, optionsOf(call.args).operands),
  'del-cli': (call) => deleteTrees(call, optionsOf(call.args).operands),
  rd: windowsDelete,
  rmdir: windowsDelete,
  del: windowsDelete,
  erase: windowsDelete,
  'remove-item': windowsDelete,
  ri: windowsDelete,
  shred,
  srm: (call) => deleteTrees(call, optionsOf(call.args).operands),
  wipe: shred,
};

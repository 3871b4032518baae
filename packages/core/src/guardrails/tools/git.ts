import { has, type Invocation, type Options, optionsOf, report } from '../shell/invocation.ts';
import type { Stream } from '../shell/scope.ts';
import { hole, isUnknown } from '../shell/scope.ts';
import { deleteTrees } from './deletion.ts';
import { gitPush } from './git_push.ts';
import { keepSetting, pushed, readSetting, runOptions, settingsOfVariables } from './git_settings.ts';
import { skipsHooks } from './hooks.ts';
import { judge, type Tool } from './index.ts';
import { placeOf } from './paths.ts';
import { runText } from './shells.ts';

const valued = [
  '-C',
  '-c',
  '--git-dir',
  '--work-tree',
  '--namespace',
  '--exec-path',
  '--super-prefix',
  '--config-env',
  '--attr-source',
];

const git: Tool = (call) => {
  const aliases = new Map<string, string>();
  const { scope, examination } = call;
  examination.spend(scope.gitSettings.length / 8);
  const settings = [...scope.gitSettings, ...settingsOfVariables(call)];
  let index = 0;
  for (; index < call.args.length; index++) {
    const arg = call.args[index] as string;
    if (!arg.startsWith('-')) break;
    if (arg === '-c') settings.push(call.args[index + 1] ?? '');
    const [, held = call.args[index + 1] ?? ''] = /^--config-env(?:=(.*))?$/s.exec(arg) ?? [undefined, ''];
    const [, key, name = ''] = /^(.+)=(\w+)$/s.exec(held) ?? [];
    if (key !== undefined) settings.push(`${key}=${scope.valueOf(name) ?? hole}`);
    if (valued.includes(arg)) index++;
  }
  for (const setting of settings) readSetting(call, setting, aliases);
  const [command = '', ...given] = call.args.slice(index);
  const args = command === 'push' ? [...given, ...pushed(settings, given)] : given;
  const alias = aliases.get(command.toLowerCase());
  if (alias?.startsWith('!')) return runText(call, [alias.slice(1), ...args].join(' '));
  if (alias !== undefined) return runText(call, ['git', alias, ...args].join(' '));
  const requireForce = settings.some((setting) => /^clean\.requireforce=(false|0|no|off)$/i.test(setting));
  if (command === 'clean') return clean({ ...call, args }, requireForce);
  if (/^(?:commit|push)$/.test(command) && skipsHooks(call.scope)) report(call, 'skip_hooks');
  runOptions(command, { ...call, args });
  commands[command]?.({ ...call, args });
  return undefined;
};

function clean(call: Invocation, forced: boolean): undefined {
  const options = optionsOf(call.args, 'e', ['exclude']);
  if (has(options, 'n', 'dry-run')) return;
  if (forced || has(options, 'f', 'force')) report(call, 'git_clean');
}

const whole = (paths: readonly string[]) =>
  paths.some(
    (path) =>
      /^(\.|\.\/|:\/|\*|:\(top\)|:\/\*|\.\/\*)$/.test(path) ||
      (placeOf(path) !== 'other' && placeOf(path) !== 'generated'),
  );

function discard(call: Invocation, paths: readonly string[]): undefined {
  if (paths.length > 0) report(call, whole(paths) ? 'discard_changes' : 'discard_file_changes');
}

const checkout: Tool = (call) => {
  const { args } = call;
  const options = optionsOf(args, 'bBt', ['orphan', 'conflict', 'pathspec-from-file']);
  if (has(options, 'force', 'f')) report(call, 'discard_changes');
  else if (
    options.flags.has('b') ||
    options.flags.has('orphan') ||
    options.flags.has('ours') ||
    options.flags.has('theirs')
  )
    return;
  const separator = args.indexOf('--');
  if (separator >= 0) discard(call, args.slice(separator + 1));
  else if (options.flags.has('p') || options.flags.has('patch')) return;
  else if (options.operands.length > 0) {
    const paths = options.operands.length > 1 ? options.operands.slice(1) : options.operands;
    // One operand is a branch, unless it can only be a file.
    const files = paths.filter(
      (path) =>
        options.operands.length > 1 ||
        whole([path]) ||
        (/\.\w{1,5}$/.test(path) && path.includes('/')) ||
        path.endsWith('/'),
    );
    discard(call, files);
  }
};

const restore: Tool = (call) => {
  const options = optionsOf(call.args, 's', ['source', 'conflict', 'pathspec-from-file']);
  if (has(options, 'patch', 'p')) return;
  const staged = has(options, 'staged', 'S') && !has(options, 'worktree', 'W');
  if (!staged) discard(call, options.operands);
};

const branch: Tool = (call) => {
  const options = optionsOf(call.args, 'ut', ['set-upstream-to', 'sort', 'format', 'contains', 'merged', 'no-merged']);
  if (has(options, 'd', 'D', 'delete')) report(call, 'branch_deletion');
  else if (has(options, 'f', 'force') && options.operands.length > 0) report(call, 'branch_move');
};

/** What a branch is set to when it goes back: an earlier commit by its name, or one by its number, which may be any. */
const earlier = /[~^]|@\{|^[0-9a-f]{7,40}$/i;

const updateRef: Tool = (call) => {
  const { flags, operands } = optionsOf(call.args, 'm');
  const [ref = '', value = ''] = operands;
  if (flags.has('d') || flags.has('stdin')) report(call, 'branch_deletion');
  else if (/^(?:refs\/heads\/|HEAD$)/.test(ref) && earlier.test(value)) report(call, 'branch_move');
};

const stash: Tool = (call) => {
  const [command] = call.args.filter((arg) => !arg.startsWith('-'));
  if (command === 'drop' || command === 'clear') report(call, 'stash_drop');
};

const rewrite: Tool = (call) => report(call, 'history_rewrite');

const commit: Tool = (call) => {
  const options = optionsOf(call.args, 'mFCctS', ['message', 'file', 'author', 'date', 'template', 'trailer', 'fixup']);
  if (has(options, 'no-verify') || options.flags.has('n')) report(call, 'skip_hooks');
};

const config: Tool = (call) => {
  const { flags, operands } = optionsOf(call.args, 'ft', ['file', 'type', 'default', 'blob', 'comment']);
  const words = operands[0] === 'set' ? operands.slice(1) : operands;
  const [key = '', value] = words;
  const reads = value === undefined && !flags.has('unset') && !flags.has('unset-all') && words[0] !== 'unset';
  if (/^core\.hookspath$/i.test(words.find((word) => /hookspath/i.test(word)) ?? '') && !reads)
    report(call, 'guard_tampering');
  if (value === undefined || isUnknown(value)) return;
  keepSetting(call, key, value);
  if (/^alias\./i.test(key) && !value.startsWith('!')) runText(call, `git ${value}`);
  else readSetting(call, `${key}=${value}`);
};

/** `remote add --mirror=push`: whatever is pushed there overwrites what it has. */
const remote: Tool = (call) => {
  const [verb, args] = verbOf(call.args);
  if (verb !== 'add') return;
  const { flags, values, operands } = optionsOf(args, 'tm');
  const isMirror = flags.has('mirror') && !values.get('mirror')?.includes('fetch');
  if (isMirror) keepSetting(call, `remote.${operands[0] ?? ''}.mirror`, 'true');
};

const remove: Tool = (call) => {
  const options = optionsOf(call.args);
  if (has(options, 'cached', 'dry-run', 'n')) return;
  if (!options.flags.has('r')) return;
  if (has(options, 'f', 'force') && whole(options.operands)) deleteTrees(call, options.operands);
  else if (has(options, 'f', 'force')) report(call, 'discard_file_changes');
};

const reset: Tool = (call) => {
  if (has(optionsOf(call.args), 'hard')) report(call, 'hard_reset');
};

const when =
  (harm: (options: Options, args: readonly string[]) => boolean, rule: Parameters<typeof report>[1]): Tool =>
  (call) => {
    if (harm(optionsOf(call.args, '', ['prune']), call.args)) report(call, rule);
  };

const inner =
  (start: (args: readonly string[]) => readonly string[]): Tool =>
  (call): Stream | undefined => {
    const command = start(call.args);
    if (command.length > 0) return command.length === 1 ? runText(call, command[0] as string) : judge(command, call);
  };

/** What a command is told to do, behind its own options, and what follows. */
function verbOf(args: readonly string[]): readonly [verb: string | undefined, rest: readonly string[]] {
  const at = args.findIndex((arg) => !arg.startsWith('-'));
  return at < 0 ? [undefined, []] : [args[at], args.slice(at + 1)];
}

const submodule: Tool = (call) => {
  const [verb, args] = verbOf(call.args);
  if (verb === 'deinit' && has(optionsOf(args), 'f', 'force')) report(call, 'discard_changes');
  if (verb !== 'foreach') return;
  const at = args.findIndex((arg) => !arg.startsWith('-'));
  return at < 0 ? undefined : inner(() => args.slice(at))(call);
};

const rebase: Tool = (call) => {
  const { values } = optionsOf(call.args, 'xsX', ['exec', 'onto', 'strategy']);
  for (const text of [...(values.get('x') ?? []), ...(values.get('exec') ?? [])]) runText(call, text);
};

const commands: Record<string, Tool> = {
  push: gitPush,
  'send-pack': gitPush,
  commit,
  checkout,
  restore,
  branch,
  stash,
  config,
  reset,
  rebase,
  rm: remove,
  switch: when((options) => has(options, 'f', 'force', 'discard-changes'), 'discard_changes'),
  'checkout-index': when((options) => has(options, 'f', 'force') && has(options, 'a', 'all'), 'discard_changes'),
  'read-tree': when((options) => has(options, 'reset') && options.flags.has('u'), 'hard_reset'),
  tag: when((options) => has(options, 'd', 'delete'), 'tag_deletion'),
  'update-ref': updateRef,
  worktree: when((options, args) => verbOf(args)[0] === 'remove' && has(options, 'f', 'force'), 'worktree_removal'),
  'filter-branch': rewrite,
  'filter-repo': rewrite,
  reflog: when((_, args) => /^(?:expire|delete)$/.test(verbOf(args)[0] ?? ''), 'history_rewrite'),
  prune: when((options) => !has(options, 'n', 'dry-run'), 'history_rewrite'),
  gc: when(
    (options) => options.values.get('prune')?.some((value) => /^(now|all)$/.test(value)) ?? false,
    'history_rewrite',
  ),
  replace: when((options) => options.flags.has('d') || options.flags.has('f'), 'history_rewrite'),
  submodule,
  remote,
  bisect: (call) => (call.args[0] === 'run' ? inner((args) => args.slice(1))(call) : undefined),
};

export const gitTools: Record<string, Tool> = {
  git,
  'filter-repo': rewrite,
  'git-filter-repo': rewrite,
  bfg: rewrite,
};

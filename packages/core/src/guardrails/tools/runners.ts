import { located, optionsOf, report, writtenOut } from '../shell/invocation.ts';
import { hole, isUnknown } from '../shell/scope.ts';
import { afterOptions, env, splitTexts } from '../shell/wrappers.ts';
import { judge, type Tool } from './index.ts';
import { plainPath } from './paths.ts';
import { fileOf, runStream, runText } from './shells.ts';
import { parallel, xargs } from './xargs.ts';

const withText =
  (short: string, long: readonly string[], key: readonly string[]): Tool =>
  (call) => {
    const { values } = optionsOf(call.args, short, long);
    for (const name of key) for (const text of values.get(name) ?? []) runText(call, text, { own: true });
  };

const joined =
  (short: string, long: readonly string[] = []): Tool =>
  (call) => {
    const rest = restOf(call.args, short, long);
    if (rest.length > 0) runText(call, rest.join(' '), { own: true, input: call.input });
  };

/** What follows the options. */
export function restOf(args: readonly string[], short: string, long: readonly string[] = []): readonly string[] {
  let index = 0;
  for (; index < args.length; index++) {
    const arg = args[index] as string;
    if (arg === '--') return args.slice(index + 1);
    if (!arg.startsWith('-') || arg === '-') break;
    if (arg.startsWith('--')) index += long.includes(arg.slice(2)) ? 1 : 0;
    else if (short.includes(arg.at(-1) ?? '') && arg.length === 2) index++;
  }
  return args.slice(index);
}

/** `env -S 'rm -rf' /`: more words stand behind the text that is split. */
const splitting: Tool = (call) => {
  const rest = afterOptions(call.args, env).map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  for (const text of splitTexts(call.args)) runText(call, ['env', text, ...rest].join(' '));
};

/** A shell of somebody else, which runs a text, a file or what it reads. */
const otherUser: Tool = (call) => {
  const long = ['command', 'session-command', 'shell', 'group', 'supp-group', 'whitelist-environment'];
  const { values, operands } = optionsOf(writtenOut(call.args, long), 'csgGw', long);
  const texts = ['c', 'command', 'session-command'].flatMap((name) => values.get(name) ?? []);
  for (const text of texts) runText(call, text, { own: true });
  const [, ...args] = operands[0] === '-' ? operands.slice(1) : operands;
  return texts.length > 0 ? undefined : judge(['sh', ...args], call);
};

/** `sg group command`. */
const otherGroup: Tool = (call) => {
  const { values, operands } = optionsOf(call.args, 'c');
  const [, ...texts] = operands[0] === '-' ? operands.slice(1) : operands;
  for (const text of [...(values.get('c') ?? []), ...texts]) runText(call, text, { own: true });
};

const ssh: Tool = (call) => {
  const [, ...command] = restOf(call.args, 'BbcDEeFIiJLlmOopQRSWw');
  if (command.length > 0) runText(call, command.join(' '), { own: true, input: call.input });
};

/** Something into which whole commands are typed. */
const typed: Tool = (call) => {
  for (const arg of call.args) if (/\s/.test(arg) && !arg.startsWith('-')) runText(call, arg, { own: true });
};

const crontab: Tool = (call) => {
  if (call.args.includes('-r')) report(call, 'system_settings');
  const [path = '-'] = optionsOf(call.args, 'u').operands;
  for (const line of fileOf(call, path).text?.split('\n') ?? []) {
    const command = /^\s*(?:@\w+|(?:\S+\s+){5})(.+)$/.exec(line)?.[1];
    if (command) runText(call, command, { own: true });
  }
};

const changeDirectory: Tool = ({ args, scope, examination }) => {
  const to = args.find((arg) => !arg.startsWith('-')) ?? (args.includes('-') ? hole : '~');
  const known = to.startsWith('/tmp/') || !(to.includes(hole) || isUnknown(to));
  scope.enter(known ? plainPath(located({ scope, examination }, to)) : undefined);
};

/** Reads what is done later, by a shell. */
const later: Tool = (call) => {
  const [path = '-'] = optionsOf(call.args, 'fqt').values.get('f') ?? [];
  return runStream(call, fileOf(call, path));
};

export const runners: Record<string, Tool> = {
  cd: changeDirectory,
  pushd: changeDirectory,
  xargs,
  parallel,
  env: splitting,
  ssh,
  crontab,
  su: otherUser,
  runuser: (call) => {
    const [short, long] = ['csgGuw', ['command', 'session-command', 'shell', 'group', 'user']];
    const { values } = optionsOf(call.args, short, long);
    return values.has('u') || values.has('user') ? judge(restOf(call.args, short, long), call) : otherUser(call);
  },
  sg: otherGroup,
  script: (call) => {
    withText('cITOB', ['command'], ['c', 'command'])(call);
    // On some systems a command follows the file.
    const [, ...command] = restOf(call.args, 'cITOBt', ['command']);
    if (command.length > 0) judge(command, call);
    // Without a command it is a shell.
    else if (call.args.every((arg) => !/^(?:-\w*c|--command)/.test(arg))) runStream(call, call.input);
  },
  flock: (call) => {
    const { values } = optionsOf(call.args, 'wEc', ['timeout', 'wait', 'command', 'conflict-exit-code']);
    for (const text of [...(values.get('c') ?? []), ...(values.get('command') ?? [])]) runText(call, text);
    const [, ...command] = restOf(call.args, 'wE', ['timeout', 'wait', 'conflict-exit-code']);
    if (command.length > 0 && !command[0]?.startsWith('-')) judge(command, call);
  },
  watch: joined('nq', ['interval']),
  watchexec: joined('weifd', ['watch', 'exts', 'ignore', 'filter']),
  nodemon: withText('xwei', ['exec', 'watch', 'ext', 'ignore'], ['x', 'exec']),
  concurrently: typed,
  tmux: typed,
  screen: typed,
  'npm-run-all': typed,
  npx: withText('pc', ['package', 'call'], ['c', 'call']),
  trap: (call) => {
    const [text] = call.args[0] === '--' ? call.args.slice(1) : call.args;
    // It is done later, if at all, by the same shell.
    return text === undefined || text.startsWith('-')
      ? undefined
      : call.scope.functions.perhaps(() => runText(call, text));
  },
  unset: ({ args, scope }) => {
    for (const name of args) scope.functions.delete(name);
  },
  'nix-shell': withText('pAI', ['run', 'command'], ['run', 'command']),
  nix: (call) => {
    const at = call.args.findIndex((arg) => arg === '-c' || arg === '--command');
    if (at >= 0) judge(call.args.slice(at + 1), call);
  },
  vagrant: withText('c', ['command'], ['c', 'command']),
  at: later,
  batch: later,
  alias: (call) => {
    for (const arg of call.args) {
      const [, name, text] = /^([^=]+)=(.*)$/s.exec(arg) ?? [];
      if (name === undefined || !text) continue;
      call.scope.aliases.set(name, text);
      runText(call, text);
    }
  },
};

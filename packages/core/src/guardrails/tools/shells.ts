import { calledScope, type Invocation, optionsOf, report } from '../shell/invocation.ts';
import { readShell } from '../shell/reader.ts';
import { isUnknown, outputHoles, type Stream } from '../shell/scope.ts';
import type { Tool } from './index.ts';

/** Reads a script that a command was given as text. */
export function runText(
  call: Invocation,
  text: string,
  { own = false, input = {} as Stream, args = [] as readonly string[] } = {},
): Stream {
  if (text.includes(outputHoles.remote)) report(call, 'remote_code');
  if (text.includes(outputHoles.hidden)) report(call, 'hidden_command');
  if (isUnknown(text)) {
    if (!text.includes(outputHoles.printed)) report(call, 'hidden_command');
    return {};
  }
  const scope = own ? calledScope(call, args[0] ?? '', args.slice(1), 'other') : call.scope;
  return readShell(text, call.examination, scope, input);
}

/** Runs what comes through a pipe or out of a file as a script. */
export function runStream(call: Invocation, { text, remote, hidden }: Stream): Stream {
  if (remote) report(call, 'remote_code');
  else if (hidden) report(call, 'hidden_command');
  return text === undefined ? {} : runText(call, text);
}

const shell: Tool = (call) => {
  const { args, input, scope } = call;
  const { flags, operands } = optionsOf(args, 'oO', ['rcfile', 'init-file', 'command']);
  const text = operands[0] ?? optionsOf(args, 'oO', ['command', 'init-command']).values.get('command')?.[0];
  if (flags.has('c') || flags.has('command'))
    return text === undefined ? {} : runText(call, text, { own: true, input, args: operands.slice(1) });
  if (text === undefined || text === '-' || text === '/dev/stdin' || flags.has('s')) {
    return { ...runStream(call, input), session: flags.has('i') };
  }
  const file = scope.fileAt(text);
  return file ? runStream(call, file) : {};
};

const source: Tool = (call) => {
  const [path = ''] = call.args;
  if (path === '/dev/stdin' || path === '-') return runStream(call, call.input);
  const file = call.scope.fileAt(path);
  return file ? runStream(call, file) : {};
};

export const shells: Record<string, Tool> = {
  ...Object.fromEntries('sh bash zsh dash ksh ash fish mksh rbash'.split(' ').map((name) => [name, shell])),
  source,
  '.': source,
  eval: (call) => runText(call, call.args.join(' '), { input: call.input }),
};

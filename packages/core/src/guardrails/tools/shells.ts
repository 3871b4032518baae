import { isStandardInput } from '../shell/descriptors.ts';
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

/** What is in a file that a program reads; it may be its standard input. */
export const fileOf = ({ scope, input }: Invocation, path: string): Stream =>
  isStandardInput(path) ? input : (scope.fileAt(path) ?? {});

const shell: Tool = (call) => {
  const { args, input, scope } = call;
  const { flags, values, operands } = optionsOf(args, 'oO', ['rcfile', 'init-file', 'command']);
  const before = [...(values.get('rcfile') ?? []), ...(values.get('init-file') ?? [])];
  for (const name of ['BASH_ENV', 'ENV']) before.push(scope.variables.get(name) ?? '');
  // What a shell reads before all else, by options and by variables that somebody has set.
  for (const path of before) runStream(call, fileOf(call, path));
  const text = operands[0] ?? optionsOf(args, 'oO', ['command', 'init-command']).values.get('command')?.[0];
  if (flags.has('c') || flags.has('command'))
    return text === undefined ? {} : runText(call, text, { own: true, input, args: operands.slice(1) });
  if (text === undefined || isStandardInput(text) || flags.has('s')) {
    return { ...runStream(call, input), session: flags.has('i') };
  }
  return runStream(call, fileOf(call, text));
};

const source: Tool = (call) => runStream(call, fileOf(call, call.args[0] ?? ''));

export const shells: Record<string, Tool> = {
  ...Object.fromEntries('sh bash zsh dash ksh ash fish mksh rbash'.split(' ').map((name) => [name, shell])),
  source,
  '.': source,
  eval: (call) => runText(call, call.args.join(' '), { input: call.input }),
};

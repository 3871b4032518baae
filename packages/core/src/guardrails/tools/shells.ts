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

/** Long options of shells that take a value. */
const long = ['rcfile', 'init-file', 'command', 'init-command'];

/** Options of a shell, up to the first operand: `o` and `O` take the next word wherever they stand. */
function shellOptions(args: readonly string[]) {
  const letters = new Set<string>();
  const values = new Map<string, string>();
  let index = 0;
  for (; index < args.length; index++) {
    const arg = args[index] as string;
    const [, name, value] = /^--([^=]+)(?:=(.*))?$/s.exec(arg) ?? [];
    if (name !== undefined) {
      if (value !== undefined || long.includes(name)) values.set(name, value ?? args[++index] ?? '');
    } else if (/^[-+]./.test(arg) && arg !== '--') {
      for (const letter of arg.slice(1)) {
        letters.add(letter);
        if (/[oO]/.test(letter)) index++;
      }
    } else break;
  }
  const rest = args.slice(index);
  return { letters, values, operands: /^--?$/.test(rest[0] ?? '') ? rest.slice(1) : rest };
}

const shell: Tool = (call) => {
  const { input, scope } = call;
  const { letters, values, operands } = shellOptions(call.args);
  const before = ['rcfile', 'init-file'].flatMap((name) => values.get(name) ?? []);
  for (const name of ['BASH_ENV', 'ENV']) before.push(scope.variables.get(name) ?? '');
  // What a shell reads before all else, by options and by variables that somebody has set.
  for (const path of before) runStream(call, fileOf(call, path));
  const [file, ...args] = operands;
  const first = values.get('init-command');
  if (first !== undefined) runText(call, first, { own: true });
  const text = values.get('command') ?? (letters.has('c') ? (file ?? '') : undefined);
  if (text !== undefined) return runText(call, text, { own: true, input, args });
  if (file === undefined || isStandardInput(file) || letters.has('s')) {
    return { ...runStream(call, input), session: letters.has('i') };
  }
  return runStream(call, fileOf(call, file));
};

const source: Tool = (call) => runStream(call, fileOf(call, call.args[0] ?? ''));

export const shells: Record<string, Tool> = {
  ...Object.fromEntries('sh bash zsh dash ksh ash fish mksh rbash'.split(' ').map((name) => [name, shell])),
  source,
  '.': source,
  eval: (call) => runText(call, call.args.join(' '), { input: call.input }),
  // Run for each line, and for each completion.
  ...Object.fromEntries(
    ['mapfile', 'readarray', 'compgen', 'complete'].map((name): [string, Tool] => [
      name,
      (call) => {
        for (const text of optionsOf(call.args, 'CWFAGXPScdnOstu').values.get('C') ?? []) runText(call, text);
      },
    ]),
  ),
};

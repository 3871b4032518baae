import { readAwk } from '../code/awk.ts';
import { type Language, readCode } from '../code/reader.ts';
import { type Invocation, optionsOf, report } from '../shell/invocation.ts';
import { isUnknown, outputHoles, type Stream } from '../shell/scope.ts';
import { judge, type Tool } from './index.ts';
import { fileOf, runText } from './shells.ts';

interface Interpreter {
  language: Language;
  /** Options that hold a program, and other options that take a value. */
  text: readonly string[];
  short: string;
  long?: readonly string[];
}

const node: Interpreter = {
  language: 'javascript',
  text: ['e', 'p', 'eval', 'print'],
  short: 'eprCi',
  long: 'eval print require import loader env-file'.split(' '),
};
const python: Interpreter = { language: 'python', text: ['c'], short: 'cmWX' };
const perl: Interpreter = { language: 'perl', text: ['e', 'E'], short: 'eEIMm' };
const lispOptions = ['eval', 'execute', 'load', 'script', 'file', 'funcall'];
const languages: Record<string, Interpreter> = {
  python,
  python2: python,
  python3: python,
  pypy: python,
  pypy3: python,
  ipython: python,
  node,
  nodejs: node,
  tsx: node,
  'ts-node': node,
  bun: node,
  deno: { ...node, text: ['e', 'eval'] },
  ruby: { language: 'ruby', text: ['e'], short: 'erIC' },
  perl,
  php: { language: 'php', text: ['r', 'B', 'R'], short: 'rBRdfc' },
  lua: { language: 'other', text: ['e'], short: 'el' },
  luajit: { language: 'other', text: ['e'], short: 'el' },
  rscript: { language: 'python', text: ['e'], short: 'e' },
  r: { language: 'python', text: ['e'], short: 'e' },
  julia: { language: 'python', text: ['e', 'E'], short: 'eE' },
  elixir: { language: 'other', text: ['e'], short: 'e' },
  groovy: { language: 'javascript', text: ['e'], short: 'e' },
  crystal: { language: 'ruby', text: ['eval'], short: '', long: ['eval'] },
  octave: { language: 'python', text: ['eval'], short: '', long: ['eval'] },
  gnuplot: { language: 'other', text: ['e'], short: 'e' },
  tclsh: { language: 'tcl', text: ['c'], short: 'c' },
  wish: { language: 'tcl', text: ['c'], short: 'c' },
  expect: { language: 'tcl', text: ['c'], short: 'cf' },
  emacs: { language: 'lisp', text: ['eval', 'execute'], short: 'lfu', long: lispOptions },
  emacsclient: { language: 'lisp', text: ['e', 'eval'], short: 'e', long: ['eval'] },
  guile: { language: 'lisp', text: ['c'], short: 'celL' },
  sbcl: { language: 'lisp', text: ['eval'], short: '', long: ['eval', 'load'] },
};

const interpreter =
  ({ language, text, short, long = [] }: Interpreter): Tool =>
  (call) => {
    // Some take a long option behind one dash, and Node.js `-pe` as `-p -e`.
    const spelt = call.args.map((arg) => (long.includes(arg.slice(1)) ? `-${arg}` : arg === '-pe' ? '-e' : arg));
    const { values, flags, operands } = optionsOf(spelt, short, long);
    const programs = text.flatMap((name) => values.get(name) ?? []);
    if (call.name === 'deno' && operands[0] === 'eval') programs.push(operands[1] ?? '');
    for (const program of programs) readProgram(call, program, language);
    const module = language === 'python' ? call.args.indexOf('-m') : -1;
    if (module >= 0) judge(call.args.slice(module + 1), call);
    for (const name of ['load', 'script', 'l']) {
      for (const path of language === 'lisp' ? (values.get(name) ?? []) : []) run(call, fileOf(call, path), language);
    }
    if (programs.length > 0 || flags.has('m') || flags.has('version') || flags.has('help')) return;
    const [path] = operands;
    if (path === undefined) run(call, call.input, language);
    else run(call, fileOf(call, path), language);
  };

function run(call: Invocation, { text, remote, hidden }: Stream, language: Language): void {
  if (remote) report(call, 'remote_code');
  else if (hidden) report(call, 'hidden_command');
  else if (text !== undefined) readProgram(call, text, language);
}

function readProgram(call: Invocation, program: string, language: Language): void {
  if (isReadable(call, program)) readCode(program, language, call);
}

/** Whether it is known what a program does. */
function isReadable(call: Invocation, program: string): boolean {
  if (program.includes(outputHoles.remote)) report(call, 'remote_code');
  else if (isUnknown(program)) report(call, 'hidden_command');
  else return true;
  return false;
}

const awk: Tool = (call) => {
  const { values, operands } = optionsOf(call.args, 'Fvfe', ['source', 'file', 'assign', 'field-separator']);
  const valuesOf = (...names: string[]) => names.flatMap((name) => values.get(name) ?? []);
  const files = valuesOf('f', 'file').map((path) => fileOf(call, path));
  const texts = [...valuesOf('e', 'source'), ...files.map(({ text }) => text ?? '')];
  for (const { remote } of files) if (remote) report(call, 'remote_code');
  const program = texts.length > 0 ? texts.join('\n') : (operands[0] ?? '');
  if (!isReadable(call, program)) return;
  const given = valuesOf('v', 'assign').map((text) => /^(\w+)=(.*)$/s.exec(text) ?? []);
  return readAwk(program, call, new Map(given.map(([, name = '', value = '']) => [name, value])));
};

const appleScript: Tool = (call) => {
  for (const text of optionsOf(call.args, 'el').values.get('e') ?? []) {
    for (const [, command = ''] of text.matchAll(/do shell script "((?:[^"\\]|\\.)*)"/g)) {
      runText(call, command.replaceAll('\\"', '"'), { own: true });
    }
  }
};

const powershell: Tool = (call) => {
  const at = call.args.findIndex((arg) => /^-(c|command|encodedcommand|enc|e|ec)$/i.test(arg));
  const text = call.args.slice(at < 0 ? call.args.findIndex((arg) => !arg.startsWith('-')) : at + 1).join(' ');
  if (at >= 0 && /^-e/i.test(call.args[at] as string))
    runText(call, Buffer.from(text, 'base64').toString('utf16le'), { own: true });
  else if (text && at >= 0) runText(call, text.replace(/^\s*&?\s*\{(.*)\}\s*$/s, '$1'), { own: true });
  if (call.input.remote && at < 0) report(call, 'remote_code');
};

const commandPrompt: Tool = (call) => {
  const at = call.args.findIndex((arg) => /^\/[ck]$/i.test(arg));
  if (at >= 0)
    runText(
      call,
      call.args
        .slice(at + 1)
        .join(' ')
        .replaceAll('\\', '/'),
      { own: true },
    );
};

export const interpreters: Record<string, Tool> = {
  ...Object.fromEntries(Object.entries(languages).map(([name, definition]) => [name, interpreter(definition)])),
  awk,
  gawk: awk,
  mawk: awk,
  nawk: awk,
  osascript: appleScript,
  pwsh: powershell,
  powershell,
  cmd: commandPrompt,
};

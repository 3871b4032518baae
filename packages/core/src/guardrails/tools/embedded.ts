import { type Invocation, optionsOf } from '../shell/invocation.ts';
import { hole } from '../shell/scope.ts';
import { stageOutput } from '../shell/stages.ts';
import type { Tool } from './index.ts';
import { fileOf, runStream, runText } from './shells.ts';

const runAll = (call: Invocation, texts: Iterable<string | undefined>): undefined => {
  for (const text of texts) if (text) runText(call, text, { own: true });
};

/** `:!rm x`, `sil !rm x`, `call system("rm x")` of vim and its like, on a command line or typed into it. */
const editor: Tool = (call) => {
  for (const text of [...call.args, ...(call.input.text?.split('\n') ?? [])]) {
    runAll(call, [/^[+:]*(?:sil(?:ent)?!?\s+|exe(?:cute)?\s+["'])?:?[!](.+)$/s.exec(text)?.[1]]);
    runAll(call, [/\bsystem(?:list)?\(\s*["']([^"']+)/.exec(text)?.[1]]);
  }
};

/** `e` runs a command, or alone the line that was read; the flag `e` what a substitution has made. */
const sed: Tool = (call) => {
  const { values, operands } = optionsOf(call.args, 'ef', ['expression', 'file']);
  const valuesOf = (...names: string[]) => names.flatMap((name) => values.get(name) ?? []);
  const scripts = valuesOf('e', 'expression');
  for (const path of valuesOf('f', 'file')) scripts.push(fileOf(call, path).text ?? '');
  const named = values.size > 0 && scripts.length > 0;
  const script = named ? scripts.join('\n') : (operands[0] ?? '');
  const [path] = named ? operands : operands.slice(1);
  const lines = path === undefined ? call.input : fileOf(call, path);
  call.examination.scan(script.length);
  for (const line of script.split('\n')) {
    const command = executed(line);
    if (command === '') runStream(call, lines);
    else runAll(call, [command]);
  }
  const [, , made] = /^\s*s(\W)(?:(?!\1)[^\\]|\\.)*\1((?:(?!\1)[^\\]|\\.)*)\1\w*e\w*/s.exec(script) ?? [];
  if (made === undefined) return;
  runAll(call, [made.replace(/\\(.)/g, '$1').replaceAll('&', hole)]);
  const { name, scope, examination } = call;
  runAll(call, [stageOutput(name.replace(/^g/, ''), [script], lines, scope, examination).text]);
};

/** Substitutions, whose texts may look like commands. Delimiters are few, so that one which stays open costs little. */
const substitution = /[sy]([/|#,!@%:_=+~^])(?:(?!\1)[^\\]|\\.)*\1(?:(?!\1)[^\\]|\\.)*\1/g;

/** What the command `e` on a line of sed runs: all that follows it, whatever stands before; nothing for what was read. */
function executed(line: string): string | undefined {
  let at = 0;
  const commands = line.replace(substitution, (text) => '-'.repeat(text.length));
  for (const command of commands.split(/[;{}]/)) {
    const begin = /^(?:(?:\d+|\$|\/[^/]*\/)(?:,(?:\d+|\$|\/[^/]*\/))?\s*)?e(?:\s|$)/.exec(command.trimStart());
    if (begin) return /e\s/.test(begin[0]) ? line.slice(at).trimStart().slice(begin[0].length) : '';
    at += command.length + 1;
  }
  return undefined;
}

/** The recipes of a makefile that the text itself holds. */
const make: Tool = (call) => {
  for (const path of optionsOf(call.args, 'fCjIo', ['file', 'makefile', 'directory']).values.get('f') ?? []) {
    const text = path === '-' || path === '/dev/stdin' ? call.input.text : call.scope.fileAt(path)?.text;
    if (text === undefined) continue;
    call.examination.scan(text.length);
    for (const line of text.replaceAll('\\\n', ' ').split('\n')) runAll(call, [recipe(line)]);
  }
};

function recipe(line: string): string | undefined {
  const text = line.startsWith('\t') ? line : /^[^\s#=:][^#=:]*::?[^=;]*;(.*)$/.exec(line)?.[1];
  // Variables of a makefile look like commands to a shell.
  return text
    ?.replace(/^[\s@+-]+/, '')
    .replace(/\$[({][\w.-]+[)}]|\$[@<^?*%+]/g, hole)
    .replaceAll('$$', '$');
}

const shellOfDebugger: Tool = (call) => {
  for (const arg of call.args) runAll(call, [/^(?:platform\s+)?(?:shell|!)\s*(.+)$/s.exec(arg)?.[1]]);
};

/** An option whose value is a command. */
const option =
  (short: string, long: readonly string[], others = ''): Tool =>
  (call) => {
    const { values } = optionsOf(call.args, short + others, long);
    runAll(
      call,
      [...short, ...long].flatMap((name) => values.get(name) ?? []),
    );
  };

const editors = ['vi', 'vim', 'nvim', 'view', 'gvim', 'ex', 'ed', 'less', 'more', 'most'];

/** Whole commands among the arguments. */
const typed: Tool = (call) =>
  runAll(
    call,
    call.args.slice(1).filter((arg) => /\s/.test(arg)),
  );

/** Programs that run a command which stands inside one of their arguments. */
export const embeddedTools: Record<string, Tool> = {
  ...Object.fromEntries(editors.map((name) => [name, editor])),
  sed,
  gsed: sed,
  make,
  gmake: make,
  gdb: shellOfDebugger,
  lldb: shellOfDebugger,
  man: option('P', ['pager'], 'sSMmC'),
  entr: option('s', []),
  gcloud: option('', ['command']),
  fly: option('C', ['command'], 'ars'),
  flyctl: option('C', ['command'], 'ars'),
  ansible: option('a', ['args'], 'mioue'),
  az: option('', ['scripts']),
  pdsh: typed,
  pssh: typed,
  clush: typed,
  salt: typed,
  hyperfine: option('pcs', ['prepare', 'cleanup', 'setup'], 'wrmnS'),
  npm: (call) => (/^(exec|x)$/.test(call.args[0] ?? '') ? option('c', ['call'], 'pw')(call) : undefined),
};

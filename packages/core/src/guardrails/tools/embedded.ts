import { type Language, readCode } from '../code/reader.ts';
import { type Invocation, optionsOf } from '../shell/invocation.ts';
import { hole } from '../shell/scope.ts';
import { stageOutput } from '../shell/stages.ts';
import { deleteTrees } from './deletion.ts';
import type { Tool } from './index.ts';
import { fileOf, runStream, runText } from './shells.ts';

const runAll = (call: Invocation, texts: Iterable<string | undefined>): undefined => {
  for (const text of texts) if (text) runText(call, text, { own: true });
};

/** Languages in which editors take programs. */
const scripted: Record<string, Language> = {
  lua: 'other',
  py: 'python',
  py3: 'python',
  python: 'python',
  python3: 'python',
};

/** `:!rm x`, `sil !rm x`, `call system("rm x")` of vim and its like: on a command line, in a script, or typed into it. */
const editor: Tool = (call) => {
  const { values } = optionsOf(call.args, 'sSlu');
  const files = ['s', 'S', 'u'].flatMap((name) => values.get(name) ?? []).map((path) => fileOf(call, path));
  const lines = [call.input, ...files].flatMap(({ text }) => text?.split('\n') ?? []);
  for (const text of [...call.args, ...lines]) {
    runAll(call, [/^[+:]*(?:sil(?:ent)?!?\s+|exe(?:cute)?\s+["'])?:?[!](.+)$/s.exec(text)?.[1]]);
    runAll(call, [/\bsystem(?:list)?\(\s*["']([^"']+)/.exec(text)?.[1]]);
    const [, deleted] = /\bdelete\(\s?["']([^"']+)["'],\s?["']rf["']/.exec(text) ?? [];
    if (deleted !== undefined) deleteTrees({ ...call, args: [] }, [deleted]);
    const [, language = '', program = ''] = /^[+:]*(\w+)\s+(.+)$/s.exec(text) ?? [];
    if (Object.hasOwn(scripted, language)) readCode(program, scripted[language] as Language, call);
  }
  for (const path of values.get('l') ?? []) readCode(fileOf(call, path).text ?? '', 'other', call);
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
  const { values } = optionsOf(call.args, 'fCjIoW', ['file', 'makefile', 'directory', 'eval']);
  const valuesOf = (...names: string[]) => names.flatMap((name) => values.get(name) ?? []);
  const named = valuesOf('f', 'file', 'makefile');
  const files = (named.length > 0 ? named : ['GNUmakefile', 'makefile', 'Makefile']).map((path) => fileOf(call, path));
  for (const text of [...valuesOf('eval'), ...files.map((file) => file.text ?? '')]) {
    call.examination.scan(text.length);
    for (const line of text.replaceAll('\\\n', ' ').split('\n')) {
      runAll(call, [recipe(line), /^[\w.-]+\s?!=(.+)/.exec(line)?.[1]]);
      // What a shell prints is needed before any recipe is.
      for (const [, command = ''] of line.matchAll(/\$[({]shell\s([^)}]*)/g))
        runAll(call, [command.replaceAll('$$', '$')]);
    }
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

/** `shell rm x`, `!rm x` and programs of Python, given as options, in a file, or typed into a debugger. */
const shellOfDebugger: Tool = (call) => {
  const { values } = optionsOf(call.args, 'xs', ['command', 'source']);
  const files = ['x', 's', 'command', 'source'].flatMap((name) => values.get(name) ?? []);
  const typed = [call.input, ...files.map((path) => fileOf(call, path))].map(({ text }) => text?.split('\n') ?? []);
  for (const written of [...call.args, ...typed.flat()]) {
    const line = written.replace(/^--?[\w-]+=/, '').trimStart();
    runAll(call, [/^(?:platform\s+)?(?:shell|!)\s*(.+)$/s.exec(line)?.[1]]);
    runAll(call, [/\bsystem\s?\(\s?"([^"]+)/.exec(line)?.[1]]);
    const program = /^(?:py|python|script)\s+(.+)$/s.exec(line)?.[1];
    if (program) readCode(program, 'python', call);
  }
};

/** `!rm x` of a calculator; `!<`, `!=` and `!>` compare. */
const calculator: Tool = (call) => {
  const { values } = optionsOf(call.args, 'ef', ['expression', 'file']);
  const given = [...(values.get('e') ?? []), ...(values.get('expression') ?? []), call.input.text ?? ''];
  for (const path of [...(values.get('f') ?? []), ...(values.get('file') ?? [])]) {
    given.push(fileOf(call, path).text ?? '');
  }
  for (const line of given.flatMap((text) => text.split('\n'))) runAll(call, [/!([^<>=!][^!]*)/.exec(line)?.[1]]);
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
  dc: calculator,
  gdb: shellOfDebugger,
  lldb: shellOfDebugger,
  pdsh: typed,
  pssh: typed,
  clush: typed,
  salt: typed,
  npm: (call) =>
    /^(exec|x)$/.test(call.args[0] ?? '')
      ? runAll(call, optionsOf(call.args, 'cpw', ['call']).values.get('c') ?? [])
      : undefined,
};

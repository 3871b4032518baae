import { type Invocation, optionsOf, plainName, report } from '../shell/invocation.ts';
import { hole, isUnknown, type Stream } from '../shell/scope.ts';
import { unescaped } from '../shell/stages.ts';
import { judge, type Tool } from './index.ts';
import { restOf } from './runners.ts';
import { runText } from './shells.ts';

const short = 'IEnPLsda';
const long = ['replace', 'max-args', 'max-procs', 'delimiter', 'arg-file', 'max-lines'];

/** What a list of arguments is read from: a file that an option names, or the standard input. */
const listOf = (call: Invocation, files: readonly string[]): Stream =>
  files.length > 0 ? (call.scope.fileAt(files.at(-1) as string) ?? {}) : call.input;

/** Starts its command with what it reads: all of it, some of it at a time, or a line in the place of a mark. */
export const xargs: Tool = (call) => {
  const { values, flags } = optionsOf(call.args, short, long);
  const valuesOf = (...names: string[]) => names.flatMap((name) => values.get(name) ?? []);
  const command = restOf(call.args, short, long);
  const list = listOf(call, valuesOf('a', 'arg-file'));
  const given = list.text;
  if (given === undefined && plainName(command[0] ?? '') === 'rm') report(call, 'find_delete');
  if (list.remote && /^(ba|z|da)?sh$/.test(command[0] ?? '')) report(call, 'remote_code');
  const nul = flags.has('0') || flags.has('null');
  const delimiter = nul ? hole : valuesOf('d', 'delimiter').map(unescaped).at(-1);
  const mark = valuesOf('I', 'replace').at(-1) ?? (flags.has('i') || flags.has('replace') ? '{}' : undefined);
  const byLine = mark === undefined && (flags.has('L') || flags.has('max-lines'));
  const groups = given === undefined ? [[hole]] : groupsOf(given, { delimiter, byLine, byItem: mark !== undefined });
  if (command.length === 0) return { ...list, text: given === undefined ? given : `${groups.flat().join(' ')}\n` };
  const most = Number(valuesOf('n', 'max-args').at(-1) ?? Number.POSITIVE_INFINITY) || 1;
  let printed: Stream = {};
  for (const group of groups) {
    for (let at = 0; at < group.length; at += most) {
      const items = group.slice(at, at + most);
      const fields = mark === undefined ? [...command, ...items] : replacing(call, command, mark, items[0] as string);
      // What it runs gets the words as arguments, and nothing on its standard input.
      printed = judge(fields, { ...call, input: {} });
    }
  }
  return printed;
};

/** A command with an item in the place of a mark. */
function replacing({ examination }: Invocation, command: readonly string[], mark: string, item: string): string[] {
  for (const word of command) examination.read((word.split(mark).length - 1) * item.length);
  return command.map((word) => word.replaceAll(mark, item));
}

interface Grouping {
  delimiter: string | undefined;
  byLine: boolean;
  byItem: boolean;
}

/** The items of a list, as they are handed over together. Without a delimiter quotes keep words together. */
function groupsOf(text: string, { delimiter, byLine, byItem }: Grouping): string[][] {
  // A list of which the text does not say all has holes that are no delimiters: then it is one item.
  if (delimiter === hole && (isUnknown(text) || !text.endsWith(hole))) return [[text]];
  const lines =
    delimiter || byItem || byLine ? text.split(delimiter || '\n').filter((line) => line.trim() !== '') : [text];
  if (byItem) return lines.map((line) => [delimiter ? line : unquoted(line.trim())]);
  if (delimiter) return [lines];
  return lines.map((line) => (line.match(word) ?? []).map(unquoted));
}

const word = /(?:'[^'\n]*'|"[^"\n]*"|\\[\s\S]|\S)+/g;

const unquoted = (item: string) =>
  item.replace(/'([^'\n]*)'|"([^"\n]*)"|\\([\s\S])/g, (_, single, double, escaped) => single ?? double ?? escaped);

/** Lines of its input, or words behind `:::`, are commands, or stand in the place of `{}`. */
export const parallel: Tool = (call) => {
  const own = 'jaINnPS';
  const rest = restOf(call.args, own, ['jobs', 'colsep', 'arg-file', 'max-args', 'sshlogin', 'joblog', 'delay']);
  const files = optionsOf(call.args, own, ['arg-file']).values;
  const at = rest.findIndex((arg) => /^:::?[:+]?$/.test(arg));
  const list = listOf(call, [...(files.get('a') ?? []), ...(files.get('arg-file') ?? [])]);
  if (list.remote && at < 0) report(call, 'remote_code');
  const command = (at < 0 ? rest : rest.slice(0, at)).join(' ');
  const words = at < 0 ? (list.text?.split('\n').filter(Boolean) ?? [hole]) : rest.slice(at + 1);
  for (const item of words) {
    call.examination.read(command.length + item.length);
    const text = command.includes('{}') ? replacing(call, [command], '{}', item).join('') : `${command} ${item}`;
    runText(call, text.trimStart(), { own: true });
  }
};

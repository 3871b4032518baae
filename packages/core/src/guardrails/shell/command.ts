import type { Command } from 'unbash';
import { hookVariables } from '../tools/hooks.ts';
import { judgeInShell } from '../tools/index.ts';
import { standardInput } from './descriptors.ts';
import { readHeld } from './environment.ts';
import type { Invocation } from './invocation.ts';
import type { Reader } from './reader.ts';
import { inputOf, redirectTo } from './redirections.ts';
import { hole, type Scope, type Stream } from './scope.ts';
import { between, elementsOf } from './separators.ts';
import { stageOutput } from './stages.ts';
import { wordValue } from './words.ts';

const declarations = new Set(['export', 'declare', 'local', 'readonly', 'typeset', 'alias', 'set']);

/** Variables that say how what follows is taken: before a command they count for that command alone. */
const passing = ['IFS', ...hookVariables];

/** Judges one simple command with all that stands in it, and answers what it prints. */
export function run(command: Command, reader: Reader, piped: Stream): Stream {
  const { scope, examination } = reader;
  const source = reader.text.slice(command.pos, command.end);
  for (const child of [command.name, ...command.prefix, ...command.suffix]) {
    if (child) reader.children(child, {});
  }
  const before = passing.map((name) => [name, scope.variables.get(name)] as const);
  assign(command, reader);
  const fields = [command.name, ...command.args].flatMap((word) => {
    if (!word) return [];
    if (word.type === 'Word') return reader.fields(word);
    const value = word.value.type === 'Word' ? wordValue(word.value, scope, reader) : hole;
    return [`${word.name}=${value}`];
  });
  const input = inputOf(command.redirects, reader, piped);
  // What `exec` redirects by itself, it redirects for all that follows.
  if (command.name?.value === 'exec' && command.args.length === 0) scope.writeFile(standardInput, input);
  printVariable(command, reader);
  examination.spend(1 + fields.length);
  examination.scan(input.text?.length ?? 0);
  const call: Invocation = { name: '', args: [], input, source, scope, examination };
  const output = fields.length > 0 ? judgeInShell(fields, call) : {};
  if (command.name && command.prefix.length > 0) restore(before, command, scope);
  for (const redirect of command.redirects) redirectTo(redirect, reader, output, source);
  return output;
}

/** Gives variables back what they were, where they stand before the command. */
function restore(before: readonly (readonly [string, string | undefined])[], command: Command, scope: Scope): void {
  for (const [name, value] of before) {
    if (!command.prefix.some((assignment) => assignment.type === 'Assignment' && assignment.name === name)) continue;
    if (value === undefined) scope.variables.delete(name);
    else scope.set(name, value);
  }
}

function assign(command: Command, reader: Reader): void {
  const { scope } = reader;
  const set = (name: string, value: string, append?: boolean) =>
    scope.set(name, append ? (scope.valueOf(name) ?? '') + value : value);
  const declares = command.name && declarations.has(command.name.value);
  for (const assignment of [...command.prefix, ...(declares ? command.args : [])]) {
    if (assignment.type === 'Assignment' && assignment.value.type === 'Word' && assignment.index) {
      setElement(
        assignment.name,
        wordValue(assignment.index, scope, reader),
        wordValue(assignment.value, scope, reader),
        reader,
      );
    } else if (assignment.type === 'Assignment' && assignment.value.type === 'Word') {
      set(assignment.name, wordValue(assignment.value, scope, reader), assignment.append);
    } else if (assignment.type === 'Assignment' && assignment.value.type === 'ArrayValue') {
      const elements = assignment.value.elements.flatMap((element) => reader.fields(element));
      const before = assignment.append ? elementsOf(scope.valueOf(assignment.name) ?? '') : [];
      reader.spendOn((scope.valueOf(assignment.name)?.length ?? 0) + elements.length);
      set(assignment.name, [...before, ...elements].join(between));
    }
  }
  for (const assignment of [...command.prefix, ...(declares ? command.args : [])]) {
    if (assignment.type !== 'Assignment') continue;
    readHeld(assignment.name, scope.valueOf(assignment.name) ?? '', scope, reader.examination);
  }
}

/** Elements of an array are counted; of a table only the last value is kept. */
function setElement(name: string, index: string, value: string, reader: Reader): undefined {
  const { scope } = reader;
  const before = scope.valueOf(name) ?? '';
  reader.evaluated(index);
  if (name === 'BASH_ALIASES') scope.aliases.set(index, value);
  if (!/^\d{1,3}$/.test(index)) return void scope.set(name, value);
  reader.spendOn(before.length + Number(index));
  const elements = elementsOf(before);
  while (elements.length < Number(index)) elements.push('');
  elements[Number(index)] = value;
  scope.set(name, elements.join(between));
}

/** The variable that `printf -v` sets. */
function printVariable(command: Command, reader: Reader): void {
  const { scope } = reader;
  const words = command.args.flatMap((word) => (word.type === 'Word' ? [word] : []));
  const [option, name, ...rest] = words;
  if (command.name?.value !== 'printf' || option?.value !== '-v' || !name) return;
  const values = rest.map((word) => wordValue(word, scope, reader));
  scope.set(name.value, stageOutput('printf', values, {}, scope, reader.examination).text ?? hole);
}

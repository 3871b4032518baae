import type { Command, Redirection } from 'unbash';
import { hookVariables } from '../tools/hooks.ts';
import { judgeInShell } from '../tools/index.ts';
import { secretIn } from '../tools/secret_files.ts';
import { judgeWrite } from '../tools/writes.ts';
import { readHeld } from './environment.ts';
import type { Invocation } from './invocation.ts';
import type { Reader } from './reader.ts';
import { hole, type Scope, type Stream } from './scope.ts';
import { between, elementsOf } from './separators.ts';
import { stageOutput } from './stages.ts';
import { textOf, wordValue } from './words.ts';

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
  const input = inputOf(command, reader, piped);
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

/** What the command reads on its standard input. */
function inputOf(command: Command, reader: Reader, piped: Stream): Stream {
  let input = piped;
  for (const redirect of command.redirects) {
    if (redirect.type === 'HereDoc') {
      const { body } = redirect;
      const text = body.parts && !redirect.delimiter?.quoted ? textOf(body.parts, reader.scope, reader) : body.text;
      input = { text };
    } else if (redirect.type === 'HereString' && redirect.target) {
      input = { text: wordValue(redirect.target, reader.scope, reader) };
    } else if (redirect.type === 'Redirect' && redirect.operator === '<' && redirect.target) {
      const path = wordValue(redirect.target, reader.scope, reader);
      input = reader.scope.fileAt(path) ?? {};
      input = { ...input, ...judgeRead(path, reader) };
    }
  }
  return input;
}

function judgeRead(path: string, { examination }: Reader): Stream {
  if (/^\/dev\/(tcp|udp)\//.test(path)) return { remote: true };
  const secret = secretIn(path);
  if (!secret) return {};
  examination.report(secret, path);
  return { secret: path };
}

function redirectTo(redirect: Redirection, reader: Reader, output: Stream, source: string): void {
  if (redirect.type !== 'Redirect' || !redirect.target || redirect.operator === '<') return;
  const path = wordValue(redirect.target, reader.scope, reader);
  if (/^&?\d*-?$/.test(path)) return;
  judgeWrite(path, reader.examination, source);
  reader.scope.writeFile(path, output, redirect.operator === '>>');
}

import { withEnvironment } from '../shell/environment.ts';
import { calledScope, type Invocation, plainName } from '../shell/invocation.ts';
import { hole, Scope, type Stream, shown } from '../shell/scope.ts';
import { stageOutput } from '../shell/stages.ts';
import { isWrapper, unwrap } from '../shell/wrappers.ts';
import { cloudTools } from './cloud.ts';
import { holders } from './command_options.ts';
import { containerTools } from './containers.ts';
import { databaseTools } from './databases.ts';
import { deleteTools } from './deletion.ts';
import { diskTools } from './disks.ts';
import { embeddedTools } from './embedded.ts';
import { findTools } from './find.ts';
import { gitTools } from './git.ts';
import { fitting, isPattern } from './globs.ts';
import { guardTools } from './guard.ts';
import { interpreters } from './interpreters.ts';
import { kubernetesTools } from './kubernetes.ts';
import { launchers, launches, mayLaunch } from './launching.ts';
import { networkTools } from './network.ts';
import { packageTools } from './packages.ts';
import { processTools } from './processes.ts';
import { renamingTools } from './renaming.ts';
import { runners } from './runners.ts';
import { readSecrets } from './secrets.ts';
import { shells } from './shells.ts';
import { variableTools } from './variables.ts';
import { writers } from './writes.ts';

/** Judges a command; may say what it prints. */
export type Tool = (call: Invocation) => Stream | undefined;

/** By name of the command; several nouns may have something to say about one. */
const tools = new Map<string, Tool[]>();
for (const noun of [
  ...[shells, runners, interpreters, gitTools, deleteTools, findTools, diskTools, writers, processTools, databaseTools],
  ...[variableTools, embeddedTools, holders, launchers, renamingTools],
  ...[kubernetesTools, containerTools, cloudTools, packageTools, networkTools, guardTools],
]) {
  for (const [name, tool] of Object.entries(noun)) tools.set(name, [...(tools.get(name) ?? []), tool]);
}

/** Whether a program is one that does something of its own, or starts another one. */
export const isKnown = (name: string) => tools.has(name) || isWrapper(name);

/** Commands that are tried when the name of one is not known: those that do most harm. */
const suspects = ['rm', 'git'];

/**
 * Judges a command line as a shell takes it, which looks for aliases and functions before it starts a program. Where it is
 * not sure that there is one, the program counts as well: an alias is none in a script, nor on the line that makes it.
 */
export function judgeInShell(fields: readonly string[], call: Invocation): Stream {
  const { examination, scope } = call;
  const [word = '', ...args] = fields;
  const alias = scope.aliases.get(word);
  const aliased =
    alias === undefined || /[|&;<>()$`]/.test(alias)
      ? undefined
      : examination.within(() => judgeInShell([...alias.split(/\s+/), ...args], withoutAlias(call, word)));
  const definitions = scope.functions.of(word);
  const called = definitions.map(({ run }) => examination.within(() => run(calledScope(call, word, args), call.input)));
  if (definitions[0]?.certain) return called[0] as Stream;
  // A prompt that was copied with its command, or many: they are taken off at once.
  const behind = fields.findIndex((field) => !/^[$%]$/.test(field));
  const itself = behind > 0 ? judgeInShell(fields.slice(behind), call) : judge(fields, call);
  return called[0] ?? aliased ?? itself;
}

/** Judges a program with its arguments when wrappers are taken off, and answers what it prints. */
export function judge(fields: readonly string[], call: Invocation): Stream {
  return call.examination.within(() => {
    call.examination.spend();
    call.examination.scan(lengthOf(fields));
    const [word = '', ...args] = fields;
    if (word.includes(hole)) {
      for (const name of suspects) judgeNamed({ ...call, name, args });
      return {};
    }
    const name = plainName(word);
    if (isPattern(word)) judgeFitting(word, { ...call, args });
    // It may still be the program of that name, as a name counts for all folders.
    const renamed = call.scope.renamed.get(name);
    if (renamed !== undefined) judgeProgram(renamed, { ...call, args });
    return judgeProgram(name, { ...call, args }, word);
  });
}

/** Judges a program by its name alone. */
function judgeProgram(name: string, call: Invocation, word = name): Stream {
  const { args } = call;
  const inner = unwrap(name, args);
  if (inner) return judge(inner, withEnvironment(call, args.slice(0, args.length - inner.length)));
  if (!tools.has(name) && mayLaunch(name)) launches({ ...call, name });
  return judgeNamed({ ...call, name }, word);
}

/** `/bin/r?` is whatever of the known programs fits. Elsewhere files have names of their own: few are tried then. */
function judgeFitting(word: string, call: Invocation): void {
  const pattern = plainName(word);
  const known = /^\/(usr\/|s?bin\/)/.test(word) ? [...tools.keys()] : suspects;
  call.examination.spend(1 + known.length / 8);
  const names = /[^?*]/.test(pattern) ? fitting(pattern, known) : suspects;
  for (const name of names) {
    call.examination.spend(1 + call.args.length / 4);
    judgeNamed({ ...call, name });
  }
}

/** What is looked at again with each command, however often the same words come by: in functions, behind wrappers. */
function lengthOf(fields: readonly string[]): number {
  let length = fields.length;
  for (const field of fields) length += field.length;
  return length;
}

/** `alias ls='ls -l'` is not looked up again. */
function withoutAlias(call: Invocation, name: string): Invocation {
  call.examination.spend(call.scope.size / 200);
  const scope = new Scope(call.scope);
  scope.aliases.delete(name);
  return { ...call, scope };
}

function judgeNamed(call: Invocation, word = call.name): Stream {
  const { name, args, scope, examination, input } = call;
  examination.actions.push(shown([name, ...args].join(' ')));
  const secrets = readSecrets(call);
  const known = tools.get(name);
  const printed = known?.map((tool) => tool(call) ?? {}) ?? [];
  const file = word.includes('/') ? scope.fileAt(word) : undefined;
  if (file && !known) shells.sh?.({ ...call, args: [word, ...args] });
  return Object.assign(stageOutput(name, args, input, scope, examination), ...printed, secrets);
}

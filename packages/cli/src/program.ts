import { eventStream, type Operation, operations } from '@agentcoord/contract';
import { Command } from 'commander';
import { addOperation, commandLinesOf } from './catalogue.ts';
import { addCommands, isServerCommand } from './commands/index.ts';
import { reportFailure } from './failure.ts';
import { type Globals, globalOptions } from './globals.ts';
import { leaveQuietlyWhenUnread } from './output.ts';
import { version } from './version.ts';

const environment = `
Environment:
  AGENT_ID    who you are (default: your user name)
  SESSION_ID  separates what would otherwise be one holder: commands with the
              same AGENT_ID and SESSION_ID share their locks and claims
  .env.example of the repository lists the rest.

Exit codes: 0 done, 1 the answer is no (locked, nothing to claim), 2 input,
3 not allowed, 4 not found, 5 conflict, 6 limit, 70 defect, 75 try again.`;

/** What the catalogue says, and the commands that run servers: all of it, or what these words may mean. */
export function createProgram(words: readonly string[] = []): Command {
  const program = new Command('agentcoord')
    .description('Locks, a work queue and presence for AI coding agents that share a repository.')
    .version(version)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    // Failures are told in one place, with their hint.
    .configureOutput({ outputError: () => {} })
    .addHelpText('after', environment);
  for (const option of globalOptions()) program.addOption(option);
  const globals = () => program.opts<Globals>();
  addCommands(program, globals);
  for (const operation of operationsFor(words[0] ?? ''))
    addOperation(program, operation, globals, runs.get(operation.name));
  return program;
}

/** What is described like an operation, and is none; and those that read or write files here. */
const runs = new Map<string, Parameters<typeof addOperation>[3]>([
  ['watch_events', async (input, globals) => (await import('./watch.ts')).watch(input, globals)],
  ['verify_audit', async (input, globals) => (await import('./audit/verify.ts')).verify(input, globals)],
  ['export_segment', async (input, globals) => (await import('./audit/export.ts')).exportSegments(input, globals)],
]);

/** Options are made from JSON Schemas, which takes longer than all else of a short command: only those that count. */
function operationsFor(word: string): readonly Operation[] {
  const all = [...operations, eventStream];
  const meant = all.filter((operation) => commandLinesOf(operation).some((line) => line.split(' ', 1)[0] === word));
  return meant.length > 0 || isServerCommand(word) ? meant : all;
}

/** Runs one command line and answers its exit code. */
export async function run(line: readonly string[]): Promise<number> {
  leaveQuietlyWhenUnread();
  // Commander's own `help` looks at one word only.
  const words = line[0] === 'help' && line.length > 2 ? [...line.slice(1), '--help'] : line;
  try {
    await createProgram(words).parseAsync(words.length > 0 ? [...words] : ['--help'], { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    return reportFailure(error, words.includes('--json'));
  }
}

import { readFile } from 'node:fs/promises';
import { text as textOf } from 'node:stream/consumers';
import { CoordinationError, coordinatorOver, exitRefused } from '@agentcoord/contract';
import { type Config, loadGuardrails, type ProjectRules, serverStatus, type Verdict } from '@agentcoord/core';
import { configOf } from '../configuration.ts';
import { commandLineCaller, connect } from '../connection.ts';
import type { Globals } from '../globals.ts';
import { print, printJson } from '../output.ts';
import { recordsOf, reportOf } from '../replay.ts';

type Options = Record<string, string>;

/** Judges one text and records nothing. */
export async function testText(globals: Globals, words: string[], options: Options): Promise<void> {
  const { check, contexts } = await loadGuardrails();
  const context = contexts.find((known) => known === options.context);
  if (options.context !== undefined && !context) throw invalid('--context', `must be one of ${contexts.join(', ')}`);
  const trust = trustOf(options);
  const { rules, note } = await rulesOf(globals);
  const verdict = check({ text: words.join(' '), context, trust, ...(rules ? { rules } : {}) });
  if (globals.json) printJson({ ...verdict, ...(note === undefined ? {} : { note }) });
  else print([...linesOf(verdict), ...(note === undefined ? [] : [note])].join('\n'));
  if (!verdict.safe) process.exitCode = exitRefused;
}

/** Judges each command of a record, and sums up by rule. */
export async function replay(globals: Globals, [file = '']: string[], options: Options): Promise<void> {
  const trust = trustOf(options);
  const { check } = await loadGuardrails();
  const { rules, note } = await rulesOf(globals);
  const records = recordsOf(await contentOf(file));
  const verdicts = records.map(({ text, line }) => ({
    line,
    text,
    ...check({ text, trust, ...(rules ? { rules } : {}) }),
  }));
  const report = reportOf(verdicts);
  if (globals.json) printJson({ ...report.summary, ...(note === undefined ? {} : { note }) });
  else print([...report.lines, ...(note === undefined ? [] : [note])].join('\n'));
  if (report.summary.stopped > 0) process.exitCode = exitRefused;
}

function linesOf({ verdict, violations, rules_version }: Verdict): string[] {
  const told = violations.flatMap(({ rule, severity, bypassed, matched_text, message, advice }) => [
    '',
    `${rule} (${bypassed ? `${severity}, bypassed by trust` : severity})`,
    `  matched   ${matched_text}`,
    `  why       ${message}`,
    `  instead   ${advice}`,
  ]);
  return [`${verdict} (rules ${rules_version})`, ...told];
}

/** The rules of the project where they can be had without starting anything. */
async function rulesOf(globals: Globals): Promise<{ rules?: ProjectRules; note?: string }> {
  const config = configOf(globals);
  try {
    if (!(await isRunning(config))) return { note: 'No coordinator runs: judged by the built-in rules alone.' };
    await using connection = await connect(config, {
      identity: commandLineCaller(config),
      onProgress: () => {},
      migrate: false,
    });
    const { projectRules } = await loadGuardrails();
    const { rules, rules_version } = await coordinatorOver(connection.transport).listGuardrailRules();
    const set = rules.filter(({ set_by }) => set_by !== null);
    return { rules: projectRules(Number(rules_version.split('.')[1]), set) };
  } catch (error) {
    const reason = error instanceof CoordinationError ? error.message : 'it cannot be reached.';
    return { note: `The rules of the project are not known: judged by the built-in rules alone. (${reason})` };
  }
}

async function isRunning(config: Config): Promise<boolean> {
  if (config.url || config.supabase_url || config.database_url) return true;
  return (await serverStatus(config.home)).running;
}

function trustOf({ trust = '2' }: Options): number {
  if (!/^[0-4]$/.test(trust)) throw invalid('--trust', 'must be a number from 0 to 4');
  return Number(trust);
}

async function contentOf(file: string): Promise<string> {
  if (file === '-') return textOf(process.stdin);
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw invalid('file', `${file} cannot be read (${error.code ?? error.message})`);
  });
}

function invalid(field: string, problem: string): CoordinationError {
  return new CoordinationError({
    code: 'invalid_input',
    message: `${field}: ${problem}`,
    hint: 'Add --help to see what there is.',
  });
}

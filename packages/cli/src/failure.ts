import { CoordinationError, errorCodes, errorFrom } from '@agentcoord/contract';
import { CommanderError } from 'commander';
import { printJson } from './output.ts';
import { aboutOption, nextStep } from './wording.ts';

/** Tells what went wrong, as words on stderr or as the envelope on stdout, and answers the exit code. */
export function reportFailure(error: unknown, json: boolean): number {
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const failure = failureOf(error);
  if (json) printJson(failure);
  else process.stderr.write(`error: ${aboutOption(failure.message)}\nhint: ${nextStep(failure.hint)}\n`);
  return errorCodes[failure.code].exit;
}

function failureOf(error: unknown): CoordinationError {
  if (error instanceof CommanderError) return misuse(error);
  return errorFrom(error, {
    message: `The command failed: ${error instanceof Error ? error.message : String(error)}`,
    hint: 'This may be a defect: run `agentcoord doctor` and report what it says.',
  });
}

/** Commander's `error: unknown option '--x'\n(Did you mean --y?)` in the words of the envelope. */
function misuse(error: CommanderError): CoordinationError {
  const [first = '', suggestion = ''] = error.message.replace(/^error: /, '').split('\n');
  const message = error.code === 'commander.help' ? 'A command is missing.' : first;
  const hint = [suggestion.replace(/[()]/g, ''), 'Add --help to see what there is.'].filter(Boolean).join(' ');
  return new CoordinationError({ code: 'invalid_input', message, hint });
}

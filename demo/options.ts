import { parseArgs } from 'node:util';

export interface Options {
  tasks: number;
  seed: number;
  coordinated: boolean;
  json: boolean;
  help: boolean;
}

export const usage = `Six agents work off dependent tasks in a temporary clone of this repository, editing the same files.

Usage: npm run demo -- [options]

  --uncoordinated  the same agents and edits without locks and claims: shows what is lost
  --tasks <n>      how many tasks, 1 to 200 (default 20)
  --seed <n>       another plan: which task edits what (default 1)
  --json           print one JSON object instead of a table
  --help           print this

Exit code: 0 when nothing was lost (with --uncoordinated: always), 1 when something was, 2 for wrong options.`;

/** Reads the command line. Throws an error with a message for people. */
export function readOptions(words: string[]): Options {
  const { values } = parseArgs({
    args: words,
    options: {
      uncoordinated: { type: 'boolean', default: false },
      tasks: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return {
    tasks: wholeNumber('tasks', values.tasks, 1, 200),
    seed: wholeNumber('seed', values.seed, 0, 2 ** 31 - 1),
    coordinated: !values.uncoordinated,
    json: values.json,
    help: values.help,
  };
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= most) return number;
  throw new Error(`--${name} must be a whole number from ${least} to ${most}.`);
}

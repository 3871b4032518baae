import { parseArgs } from 'node:util';
import type { Proof } from './proof.ts';

/** How a run was asked for. */
export interface Options {
  chosen: readonly Proof[];
  scale: number;
  seed: number;
  /** A planted bug. */
  bug: string | undefined;
  json: boolean;
}

const helpOf = (proofs: readonly Proof[]) => `Hurts a coordinator of its own in every way it knows, and says what broke.

npm run faults -- [options]
  --short          the figures of docs/promises.md, at most 15 minutes (what CI runs; the default)
  --minutes <n>    the same for about that long, at figures that grow with it
  --only <names>   of the proofs below, separated by commas
  --seed <n>       the seed that a run has printed: the same plan again
  --json           print JSON
AGENTCOORD_FAULT=<name> plants a bug of test/faults/bugs in the harness's own database, to see it found.

${proofs.map(({ name, title }) => `  ${name.padEnd(12)} ${title}`).join('\n')}`;

/** Reads the command line; a text is what to print instead of running. */
export function readOptions(proofs: readonly Proof[], words = process.argv.slice(2)): Options | string {
  const { values } = parseArgs({
    args: words,
    options: {
      short: { type: 'boolean' },
      minutes: { type: 'string' },
      only: { type: 'string' },
      seed: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return helpOf(proofs);
  const chosen = choose(proofs, values.only);
  const standard = chosen.reduce((sum, { seconds }) => sum + seconds, 0);
  return {
    chosen,
    scale: values.minutes === undefined ? 1 : (number('minutes', values.minutes) * 60) / standard,
    seed: values.seed === undefined ? Math.floor(Math.random() * 1e9) : number('seed', values.seed),
    bug: process.env.AGENTCOORD_FAULT || undefined,
    json: values.json,
  };
}

function choose(proofs: readonly Proof[], only: string | undefined): readonly Proof[] {
  const names = only?.split(',').map((name) => name.trim());
  const unknown = names?.find((name) => !proofs.some((proof) => proof.name === name));
  if (unknown !== undefined) throw new Error(`There is no proof ${unknown}; see --help.`);
  return proofs.filter(({ name }) => names?.includes(name) ?? true);
}

function number(option: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${option} must be a number above 0.`);
  return value;
}

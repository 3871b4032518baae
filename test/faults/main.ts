import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Dice } from './dice.ts';
import { type Options, readOptions } from './options.ts';
import type { Setting } from './proof.ts';
import { proofs } from './proofs/index.ts';
import { type Report, type Result, resultOf, textOf } from './report.ts';

try {
  const options = readOptions(proofs);
  if (typeof options === 'string') console.log(options);
  else process.exitCode = await run(options);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
// A process that a fault left behind must not keep this one.
setTimeout(() => process.exit(), 2000).unref();

async function run({ chosen, scale, seed, bug, json }: Options): Promise<number> {
  const stop = new AbortController();
  // So that servers are stopped and folders removed also when the run is ended early.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const folder = mkdtempSync(join(tmpdir(), 'coord-histories-'));
  const tell = (line: string) => console.error(line);
  tell(`Seed ${seed}; histories in ${folder}`);
  const results: Result[] = [];
  for (const proof of chosen) {
    if (stop.signal.aborted) break;
    tell(`${proof.name}: ${proof.title} …`);
    const begun = performance.now();
    const dice = new Dice(seed).for(proof.name);
    const setting: Setting = { dice, scale, folder, bug, hunting: bug !== undefined, signal: stop.signal, tell };
    const outcome = await proof.run(setting).catch((error: unknown) => {
      const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return { figures: {}, findings: [{ promise: 'harness', what }] };
    });
    results.push(resultOf(proof, outcome, begun));
  }
  const report: Report = { seed, scale, bug, node: process.version, results };
  console.log(json ? JSON.stringify(report) : textOf(report));
  const clean = results.every(({ findings }) => findings.length === 0);
  if (clean) rmSync(folder, { recursive: true, force: true });
  return clean && !stop.signal.aborted ? 0 : 1;
}

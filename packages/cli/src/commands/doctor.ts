import { exitRefused } from '@agentcoord/contract';
import { type Check, checks } from '../checks/index.ts';
import { configOf } from '../configuration.ts';
import type { Globals } from '../globals.ts';
import { print, printJson } from '../output.ts';

/** Runs every check, prints a line each, and exits 1 when one of them needs attention. */
export async function doctor({ json, ...globals }: Globals): Promise<void> {
  const config = configOf(globals);
  const found: Check[] = [];
  for (const [name, examine] of Object.entries(checks)) {
    found.push({ check: name, ...(await examine(config).catch(failed)) });
  }
  const healthy = found.every(({ ok }) => ok);
  if (json) printJson({ healthy, checks: found });
  else print(found.map(lineOf).join('\n'));
  if (!healthy) process.exitCode = exitRefused;
}

function failed(error: { message: string; hint?: string }) {
  return { ok: false, detail: error.message, hint: error.hint ?? 'This is a defect: report it.' };
}

function lineOf({ check, ok, detail, hint }: Check): string {
  const line = `${ok ? 'ok  ' : 'FAIL'}  ${check.padEnd(10)}  ${detail}`;
  return hint === undefined ? line : `${line}\n${' '.repeat(18)}${hint}`;
}

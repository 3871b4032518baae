import { exitRefused } from '@agentcoord/contract';
import { type Check, examine } from '../checks/index.ts';
import { configOf } from '../configuration.ts';
import type { Globals } from '../globals.ts';
import { row } from '../layout.ts';
import { print, printJson, terminalWidth } from '../output.ts';

/** Makes every check, prints a line or two each, and exits 1 when one of them needs attention. */
export async function doctor({ json, ...globals }: Globals): Promise<void> {
  const checks = await examine(configOf(globals));
  const healthy = checks.every(({ ok }) => ok);
  if (json) printJson({ healthy, checks });
  else print(checks.map((check) => textOf(check, terminalWidth())).join('\n'));
  if (!healthy) process.exitCode = exitRefused;
}

function textOf({ check, ok, detail, hint }: Check, width: number): string {
  const verdict = ok ? (hint === undefined ? 'ok' : 'look') : 'FAIL';
  const widths = [4, 10, width - 18];
  const lines = [row([verdict, check, detail], widths), ...(hint === undefined ? [] : [row(['', '', hint], widths)])];
  return lines.join('\n');
}

import { exitRefused } from '@agentcoord/contract';
import { type Check, examine } from '../checks/index.ts';
import { configOf } from '../configuration.ts';
import type { Globals } from '../globals.ts';
import { print, printJson, terminalWidth } from '../output.ts';
import { wrapped } from '../text.ts';

/** Makes every check, prints a line or two each, and exits 1 when one of them needs attention. */
export async function doctor({ json, ...globals }: Globals): Promise<void> {
  const checks = await examine(configOf(globals));
  const healthy = checks.every(({ ok }) => ok);
  if (json) printJson({ healthy, checks });
  else print(checks.map((check) => textOf(check, terminalWidth())).join('\n'));
  if (!healthy) process.exitCode = exitRefused;
}

const indent = 18;

function textOf({ check, ok, detail, hint }: Check, width: number): string {
  const verdict = ok ? (hint === undefined ? 'ok  ' : 'look') : 'FAIL';
  const lines = [detail, ...(hint === undefined ? [] : [hint])].flatMap((text) => wrapped(text, width - indent));
  return lines
    .map((line, index) => (index === 0 ? `${verdict}  ${check.padEnd(indent - 8)}  ` : ' '.repeat(indent)) + line)
    .join('\n');
}

import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Ground } from '../ground.ts';
import type { Plan } from '../measure.ts';
import { chartOf } from './chart.ts';
import { type Cost, measured, measureGrowth, sizes } from './cost.ts';

const picture = fileURLToPath(new URL('../../docs/growth.svg', import.meta.url));

/** Measures how cost grows with the number of tasks and draws docs/growth.svg. */
export async function drawGrowth(ground: Ground, plan: Plan): Promise<Cost[]> {
  const costs = await measureGrowth(ground, plan);
  await writeFile(picture, chartOf(costs));
  console.error(`Wrote ${picture}.`);
  return costs;
}

/** The picture, and its table. */
export function growthTable(costs: readonly Cost[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const cell = (operation: string, tasks: number) => {
    const cost = costs.find((each) => each.operation === operation && each.tasks === tasks) as Cost;
    return `${cost.median.toFixed(2)} (${cost.min.toFixed(2)} to ${cost.max.toFixed(2)})`;
  };
  const rows = measured.map((operation) => {
    const at100 = costs.find((cost) => cost.operation === operation)?.microseconds.at100 ?? 0;
    return line([`\`${operation}\``, `${Math.round(at100)} µs`, ...sizes.map((tasks) => cell(operation, tasks))]);
  });
  const heading = ['call', 'at 100', ...sizes.map((tasks) => tasks.toLocaleString('en'))];
  const rule = line(heading.map((_, column) => (column === 0 ? '---' : '--:')));
  return ['![Cost of a call by the number of tasks](growth.svg)', '', line(heading), rule, ...rows].join('\n');
}

import { type Cost, type Measured, measured, sizes } from './cost.ts';

const [width, height] = [760, 440];
const area = { left: 70, right: 590, top: 60, bottom: 380 };
/** Told apart on white and on black, and by people who see colours differently. */
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#b8860b'];
const ticks = [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

/** The costs as lines over the number of tasks, both axes logarithmic: a picture that needs nothing else. */
export function chartOf(costs: readonly Cost[]): string {
  const highest = Math.max(2, ...costs.map(({ median }) => median));
  const lowest = Math.min(0.5, ...costs.map(({ median }) => median));
  const top = ticks.find((tick) => tick >= highest) ?? highest;
  const x = (tasks: number) => scale(tasks, [sizes[0], sizes[sizes.length - 1] as number], [area.left, area.right]);
  const y = (ratio: number) => scale(ratio, [lowest, top], [area.bottom, area.top]);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title">`,
    '<title id="title">Cost of a call by the number of tasks, relative to a project with 100 tasks</title>',
    style,
    text(area.left, 28, 'Cost of a call, relative to a project with 100 tasks', 'heading'),
    ...ticks.filter((tick) => tick >= lowest && tick <= top).flatMap((tick) => horizontal(y(tick), `${tick} ×`)),
    ...sizes.flatMap((tasks) => vertical(x(tasks), tasks.toLocaleString('en'))),
    text((area.left + area.right) / 2, height - 14, 'tasks in the project', 'middle'),
    ...linesOf(costs, x, y),
    '</svg>\n',
  ].join('\n');
}

const style = `<style>
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .heading { font-weight: 600; font-size: 15px; }
  .middle { text-anchor: middle; }
  .end { text-anchor: end; }
  .grid { stroke: #d1d9e0; }
  .line { fill: none; stroke-width: 2.5; }
  @media (prefers-color-scheme: dark) { text { fill: #f0f6fc; } .grid { stroke: #3d444d; } }
</style>`;

function scale(value: number, [low, high]: [number, number], [from, to]: [number, number]): number {
  return Math.round(from + ((to - from) * Math.log(value / low)) / Math.log(high / low));
}

function text(x: number, y: number, words: string, kind = ''): string {
  return `<text x="${x}" y="${y}" class="${kind}">${words}</text>`;
}

function horizontal(y: number, label: string): string[] {
  const line = `<line x1="${area.left}" x2="${area.right}" y1="${y}" y2="${y}" class="grid"/>`;
  return [line, text(area.left - 8, y + 4, label, 'end')];
}

function vertical(x: number, label: string): string[] {
  const line = `<line x1="${x}" x2="${x}" y1="${area.top}" y2="${area.bottom}" class="grid"/>`;
  return [line, text(x, area.bottom + 20, label, 'middle')];
}

/** A line for each operation, with its name at the end, moved down where it would cover another. */
function linesOf(costs: readonly Cost[], x: (tasks: number) => number, y: (ratio: number) => number): string[] {
  const series = measured.map((operation, index) => ({
    operation: operation as Measured,
    colour: colours[index] as string,
    points: costs
      .filter((cost) => cost.operation === operation)
      .map((cost) => [x(cost.tasks), y(cost.median)] as const),
  }));
  let free = 0;
  return series
    .toSorted((a, b) => (a.points.at(-1)?.[1] ?? 0) - (b.points.at(-1)?.[1] ?? 0))
    .flatMap(({ operation, colour, points }) => {
      const end = Math.max(points.at(-1)?.[1] ?? 0, free);
      free = end + 18;
      const dots = points.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3.5" fill="${colour}"/>`);
      return [
        `<polyline points="${points.map((point) => point.join(',')).join(' ')}" class="line" stroke="${colour}"/>`,
        ...dots,
        `<circle cx="${area.right + 18}" cy="${end}" r="4.5" fill="${colour}"/>`,
        text(area.right + 30, end + 4, operation),
      ];
    });
}

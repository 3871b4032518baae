import { parseArgs } from 'node:util';
import { type Ground, openGround } from './ground.ts';
import type { Group } from './group.ts';
import { groups } from './groups/index.ts';
import { drawGrowth, growthTable } from './growth/index.ts';
import type { Plan } from './measure.ts';
import { markdownOf, reportOf, textOf } from './report.ts';
import type { Row } from './row.ts';

const help = `Measures Agent Coordinator against the least that could do the same, as ratios of one run.

npm run bench -- [options]
  --only <names>   of ${groups.map(({ name }) => name).join(', ')}; separated by commas
  --rounds <n>     rounds of each row (5; starts of MCP servers at least 7)
  --seconds <n>    length of a window (1)
  --growth         measure instead how cost grows with the number of tasks, and draw docs/growth.svg
  --json           print JSON
  --markdown       print the tables of docs/performance.md
  --strict         exit with 1 when a floor is missed, and not only when something could not be measured`;

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    growth: { type: 'boolean' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '1' },
    json: { type: 'boolean' },
    markdown: { type: 'boolean' },
    strict: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});

if (options.help) console.log(help);
else process.exitCode = await bench().catch(fail);

async function bench(): Promise<number> {
  const chosen = choose(options.only);
  const stop = new AbortController();
  // So that the server is stopped and removed also when the run is ended early.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const plan: Plan = { rounds: number('rounds', 1), seconds: number('seconds', 0.01), signal: stop.signal };
  await using ground = await openGround();
  if (options.growth) return await growth(ground, plan);
  const { rows, failures } = await measure(chosen, ground, plan);
  const [version] = await ground.sql<{ server_version: string }[]>`show server_version`;
  const report = reportOf(rows, plan.rounds, version?.server_version ?? '');
  if (options.json) console.log(JSON.stringify(report));
  else console.log(options.markdown ? markdownOf(report) : textOf(report));
  const missed = options.strict && rows.some(({ verdict }) => verdict === 'missed');
  return failures > 0 || missed ? 1 : 0;
}

async function growth(ground: Ground, plan: Plan): Promise<number> {
  const costs = await drawGrowth(ground, plan);
  console.log(options.json ? JSON.stringify(costs) : growthTable(costs));
  return 0;
}

function fail(error: unknown): number {
  console.error(error instanceof Error ? error.message : error);
  return 1;
}

/** A group that fails is told of, and does not take the others with it. */
async function measure(
  chosen: readonly Group[],
  ground: Ground,
  plan: Plan,
): Promise<{ rows: Row[]; failures: number }> {
  const rows: Row[] = [];
  let failures = 0;
  for (const group of chosen) {
    console.error(`Measuring ${group.name} …`);
    try {
      rows.push(...(await group.measure(ground, plan)));
    } catch (error) {
      if (plan.signal.aborted) throw error;
      failures++;
      console.error(`${group.name} failed:`, error);
    }
  }
  return { rows, failures };
}

function choose(only: string | undefined): readonly Group[] {
  const names = only?.split(',').map((name) => name.trim());
  const unknown = names?.find((name) => !groups.some((group) => group.name === name));
  if (unknown !== undefined) throw new Error(`There is no group ${unknown}; see --help.`);
  return groups.filter(({ name }) => names?.includes(name) ?? true);
}

function number(option: 'rounds' | 'seconds', least: number): number {
  const value = Number(options[option]);
  if (!(value >= least)) throw new Error(`--${option} must be a number from ${least} on.`);
  return value;
}

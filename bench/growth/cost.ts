import type { Coordinator } from '@agentcoord/contract';
import type { Field } from '../field.ts';
import type { Ground } from '../ground.ts';
import { median, type Plan } from '../measure.ts';
import { Stock } from './stock.ts';

export const sizes = [100, 1000, 10_000, 100_000, 1_000_000] as const;
export const measured = ['submit_work', 'get_work', 'complete_work', 'get_task_board', 'list_tasks'] as const;
export type Measured = (typeof measured)[number];

/** What a call costs at a size, by what it costs at a hundred tasks: one for each round. */
export interface Cost {
  operation: Measured;
  tasks: number;
  median: number;
  min: number;
  max: number;
  /** Medians of the time by the number of calls, with eight callers at once. */
  microseconds: { here: number; at100: number };
}

const workers = 8;
const cyclesOfRound = 10;
/** Below the fifty that are ready among a hundred tasks. */
const callsOfCycle = 40;
const readsOfCycle = 8;

type Times = Record<Measured, { milliseconds: number; calls: number }>;

/**
 * Two databases: one keeps a hundred tasks, the other grows. At each size both are measured in turns of some
 * milliseconds, so that both meet the same conditions; what a turn has added is taken out again outside of the clock.
 */
export async function measureGrowth(ground: Ground, plan: Plan): Promise<Cost[]> {
  await using small = await ground.openField('small');
  await using grown = await ground.openField('grown');
  const fields = [small, grown] as const;
  const stocks = [await Stock.of(small), await Stock.of(grown)] as const;
  await stocks[0].growTo(sizes[0]);
  const costs: Cost[] = [];
  for (const tasks of sizes) {
    console.error(`Growing to ${tasks} tasks …`);
    await stocks[1].growTo(tasks);
    for (const field of fields) await field.settle();
    // The first is not counted: a VACUUM makes every connection plan its statements again.
    const rounds: [Times, Times][] = [];
    for (let round = 0; round <= plan.rounds; round++) rounds.push(await measureRound(fields, plan));
    for (const operation of measured) costs.push(costOf(operation, tasks, rounds.slice(1)));
  }
  return costs;
}

async function measureRound(fields: readonly [Field, Field], { signal }: Plan): Promise<[Times, Times]> {
  const times: [Times, Times] = [noTimes(), noTimes()];
  for (let cycle = 0; cycle < cyclesOfRound; cycle++) {
    signal.throwIfAborted();
    for (const index of cycle % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      await measureCycle(fields[index], times[index]);
    }
  }
  return times;
}

async function measureCycle({ coordinators, sql, projectId }: Field, times: Times): Promise<void> {
  const claims: { task_id: string; claim_token: number }[] = [];
  const clock = async (operation: Measured, calls: number, call: Call) => {
    times[operation].milliseconds += await spread(coordinators, calls, call);
    times[operation].calls += calls;
  };
  await clock('submit_work', callsOfCycle, (coordinator) => coordinator.submitWork({ title: 'One more' }));
  await clock('get_work', callsOfCycle, async (coordinator, index) => {
    const { task, claim_token } = await coordinator.getWork();
    if (!task || claim_token === undefined) throw new Error('The queue ran empty.');
    claims[index] = { task_id: task.task_id, claim_token };
  });
  await clock('complete_work', callsOfCycle, (coordinator, index) =>
    coordinator.completeWork(claims[index] as (typeof claims)[number]),
  );
  await clock('get_task_board', readsOfCycle, (coordinator) => coordinator.getTaskBoard());
  await clock('list_tasks', readsOfCycle, (coordinator) => coordinator.listTasks());
  const ids = claims.map(({ task_id }) => task_id).join();
  await sql`
    delete from coord.tasks where project_id = ${projectId} and task_id = any(string_to_array(${ids}, ',')::uuid[])`;
}

type Call = (coordinator: Coordinator, index: number) => Promise<unknown>;

/** Milliseconds of so many calls; each worker has the same share of the indexes every time. */
async function spread(coordinators: readonly Coordinator[], calls: number, call: Call): Promise<number> {
  const worker = async (coordinator: Coordinator, first: number) => {
    for (let index = first; index < calls; index += workers) await call(coordinator, index);
  };
  const begun = performance.now();
  await Promise.all(coordinators.slice(0, workers).map(worker));
  return performance.now() - begun;
}

function noTimes(): Times {
  return Object.fromEntries(measured.map((operation) => [operation, { milliseconds: 0, calls: 0 }])) as Times;
}

function costOf(operation: Measured, tasks: number, rounds: readonly [Times, Times][]): Cost {
  const each = ({ [operation]: { milliseconds, calls } }: Times) => (milliseconds / calls) * 1000;
  const ratios = rounds.map(([small, grown]) => each(grown) / each(small));
  return {
    ...{ operation, tasks, median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) },
    microseconds: {
      here: median(rounds.map(([, grown]) => each(grown))),
      at100: median(rounds.map(([small]) => each(small))),
    },
  };
}

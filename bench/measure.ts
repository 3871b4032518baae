/** One of the two things that a row compares. */
export interface Side {
  /** Does the measured thing once, as one of the workers that run at the same time. */
  run(worker: number): Promise<unknown>;
  /** Called outside the clock: makes ready what so many runs will use up. */
  prepare?(runs: number): Promise<void>;
}

/** Our way of doing something, and the other way of doing the same. */
export interface Contest {
  ours: Side;
  other: Side;
  /** Called outside the clock, after both sides are prepared and before either is measured. */
  settle?(): Promise<void>;
}

/** How long and how often to measure. */
export interface Plan {
  rounds: number;
  /** Length of a window, as the faster side takes it. */
  seconds: number;
  /** Aborted when the run is to end early. */
  signal: AbortSignal;
}

/** What the rounds gave, index by index. */
export interface Series {
  ours: number[];
  other: number[];
}

export const concurrencies = [1, 8, 32] as const;
export type Concurrency = (typeof concurrencies)[number];

const warmUpRuns = 1500;
/** Runs before each window: a VACUUM makes every connection plan its statements again. */
const burstRuns = 200;

/**
 * Runs per second of both sides, for each number of workers. In a round the sides follow each other, and their order
 * changes with the next; the rounds of the different numbers of workers are interleaved.
 */
export async function race(contest: Contest, plan: Plan): Promise<Record<Concurrency, Series>> {
  const series = { 1: emptySeries(), 8: emptySeries(), 32: emptySeries() };
  for (const side of [contest.other, contest.ours]) await trialRate(side, 32, warmUpRuns, plan);
  const runs = {} as Record<Concurrency, number>;
  for (const workers of concurrencies) runs[workers] = await runsOfWindow(contest, workers, plan);
  for (let round = 0; round < plan.rounds; round++) {
    for (const workers of concurrencies) {
      for (const name of round % 2 === 0 ? (['other', 'ours'] as const) : (['ours', 'other'] as const)) {
        // Both are prepared before the first is measured, so that both find the tables alike.
        if (series[workers].ours.length === series[workers].other.length) await prepare(contest, runs[workers]);
        await work(contest[name], Math.max(workers, 8), burstRuns, plan);
        series[workers][name].push(await rate(contest[name], workers, runs[workers], plan));
      }
    }
  }
  return series;
}

export function emptySeries(): Series {
  return { ours: [], other: [] };
}

/** Ours by the other, round by round. */
export function ratios({ ours, other }: Series): number[] {
  return ours.map((value, round) => value / (other[round] as number));
}

/** The middle one, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(half)] as number) + (sorted[Math.ceil(half)] as number)) / 2;
}

/** As many as the faster side does in the time, so that neither window is shorter. */
async function runsOfWindow(contest: Contest, workers: number, plan: Plan): Promise<number> {
  const trial = 200 + workers * 20;
  const rates = [];
  for (const side of [contest.other, contest.ours]) rates.push(await trialRate(side, workers, trial, plan));
  return Math.ceil(Math.max(...rates) * plan.seconds);
}

async function prepare({ ours, other, settle }: Contest, runs: number): Promise<void> {
  for (const side of [ours, other]) await side.prepare?.(runs + burstRuns);
  await settle?.();
}

async function trialRate(side: Side, workers: number, runs: number, plan: Plan): Promise<number> {
  await side.prepare?.(runs);
  return rate(side, workers, runs, plan);
}

async function rate(side: Side, workers: number, runs: number, plan: Plan): Promise<number> {
  const begun = performance.now();
  await work(side, workers, runs, plan);
  return (runs / (performance.now() - begun)) * 1000;
}

async function work(side: Side, workers: number, runs: number, { signal }: Plan): Promise<void> {
  let left = runs;
  const worker = async (index: number) => {
    while (left-- > 0) {
      signal.throwIfAborted();
      await side.run(index);
    }
  };
  await Promise.all(Array.from({ length: workers }, (_, index) => worker(index)));
}

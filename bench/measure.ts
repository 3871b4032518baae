/** One of the two things that a row compares. */
export type Side = Preparation & (Runner | Drainer);

interface Preparation {
  /** Called outside the clock: makes ready what so many runs will use up. */
  prepare?(runs: number): Promise<void>;
  /** How many of what is counted one run does, when it is not one. */
  times?: number;
  /** Runs of one worker in a window at most, where it may not have more. */
  mostOfWorker?: number;
}

/** Does the measured thing once, as one of the workers that run at the same time. */
export interface Runner {
  run(worker: number): Promise<unknown>;
}

/** Has workers of its own: does so many runs with so many workers, and returns the milliseconds it took. */
export interface Drainer {
  drain(runs: number, workers: number): Promise<number>;
}

/** Our way of doing something, and the other way of doing the same. */
export interface Contest {
  ours: Side;
  other: Side;
  /** Most runs in a window, where more would change what is measured. */
  most?: number;
  /** Called outside the clock, after both sides are prepared and before either is measured. */
  settle?(): Promise<void>;
}

/** How long and how often to measure. */
export interface Plan {
  rounds: number;
  /** Length of a window. */
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

const sides = ['other', 'ours'] as const;
const warmUpRuns = 1500;
/** Runs before each window: a VACUUM makes every connection plan its statements again. */
const burstRuns = 200;
/** What is not measured ends after so long on a side that is a hundred times slower than the others. */
const patience = { warmUp: 3000, burst: 500, trial: 1000 };

/**
 * What both sides do in a second, for each number of workers. In a round the sides follow each other, and their order
 * changes with the next; the rounds of the different numbers of workers are interleaved. Each side's window has as many
 * runs as it does in the plan's time.
 */
export async function race(contest: Contest, plan: Plan): Promise<Record<Concurrency, Series>> {
  const series = { 1: emptySeries(), 8: emptySeries(), 32: emptySeries() };
  for (const name of sides) await warmUp(contest[name], plan);
  const runs = { ours: {}, other: {} } as Record<keyof Series, Record<Concurrency, number>>;
  for (const workers of concurrencies) {
    for (const name of sides) runs[name][workers] = await runsOfWindow(contest, name, workers, plan);
  }
  for (let round = 0; round < plan.rounds; round++) {
    for (const workers of concurrencies) {
      // Both are prepared before the first is measured, so that both find the tables alike.
      for (const name of sides) await contest[name].prepare?.(runs[name][workers] + burstOf(contest[name]));
      await contest.settle?.();
      for (const name of round % 2 === 0 ? sides : sides.toReversed()) {
        await work(contest[name], Math.max(workers, 8), burstOf(contest[name]), plan, patience.burst);
        series[workers][name].push(await rate(contest[name], workers, runs[name][workers], plan));
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

/** Runs before each window; fewer of those that do many things. */
function burstOf({ times = 1 }: Side): number {
  return Math.ceil(burstRuns / times);
}

/** Until plans and functions are cached on every connection. */
async function warmUp(side: Side, plan: Plan): Promise<void> {
  const step = burstOf(side);
  const until = performance.now() + patience.warmUp;
  for (let runs = 0; runs * (side.times ?? 1) < warmUpRuns && performance.now() < until; runs += step) {
    await side.prepare?.(step);
    await work(side, 32, step, plan, patience.burst);
  }
}

async function runsOfWindow(
  { most = Number.POSITIVE_INFINITY, ...contest }: Contest,
  name: keyof Series,
  workers: number,
  plan: Plan,
): Promise<number> {
  const side = contest[name];
  const trial = Math.ceil((200 + workers * 20) / (side.times ?? 1));
  await side.prepare?.(trial);
  const perSecond = (await rate(side, workers, trial, plan, patience.trial)) / (side.times ?? 1);
  const mine = (side.mostOfWorker ?? Number.POSITIVE_INFINITY) * workers;
  return Math.min(Math.max(Math.ceil(perSecond * plan.seconds), workers), most, mine);
}

async function rate(side: Side, workers: number, runs: number, plan: Plan, limit?: number): Promise<number> {
  const { done, milliseconds } = await work(side, workers, runs, plan, limit);
  return ((done * (side.times ?? 1)) / milliseconds) * 1000;
}

/** So many runs, or fewer when the time is up before. */
async function work(
  side: Side,
  workers: number,
  runs: number,
  { signal }: Plan,
  limit = Number.POSITIVE_INFINITY,
): Promise<{ done: number; milliseconds: number }> {
  if ('drain' in side) return { done: runs, milliseconds: await side.drain(runs, workers) };
  const begun = performance.now();
  let [started, done] = [0, 0];
  const worker = async (index: number) => {
    while (started < runs && performance.now() - begun < limit) {
      signal.throwIfAborted();
      started++;
      await side.run(index);
      done++;
    }
  };
  await Promise.all(Array.from({ length: workers }, (_, index) => worker(index)));
  return { done, milliseconds: performance.now() - begun };
}

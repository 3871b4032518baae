import { CoordinationError } from '@agentcoord/contract';

/**
 * Milliseconds for which one computation holds the process at first, in its turns, and all that begin together: in one
 * round of the event loop hundreds may, each of them short.
 */
const [first, slice, beginning] = [1, 5, 5];

/**
 * Milliseconds for which one step may hold the process. Steps take a few; the limit is for what multiplies in a way that
 * nobody has counted.
 */
const longestStep = 100;

/**
 * After a step that has held the process for longer than this, all owners of such steps rest for as long again, 500 at
 * most: what others want takes several rounds of the event loop, each of which would meet the next such step. Who has made
 * none for so long is not one of them any more.
 */
const [longStep, longestRest, forgotten] = [20, 500, 10_000];

/** Computations of one owner that wait for their turn at most. */
const longestLine = 50;

/** Who has computations that wait, in the order in which they have their turns. */
const lines = new Map<string, (() => void)[]>();

let isTurning = false;

/** Until when owners of long steps count as such, until when they rest, and what ends the pause when all that wait do. */
const heavyUntil = new Map<string, number>();
let restsUntil = 0;
let pause: NodeJS.Timeout | undefined;

/** Milliseconds that computations have taken at once in this round of the event loop. */
let begun = 0;

/**
 * Runs a computation to its end: a short one at once, unless others have taken the time for that. A long one goes on in
 * slices, and everything else that the process has to do is done between two slices. Owners, such as keys, take turns,
 * however many computations each of them has; those of one owner follow each other. Throws `limit_exceeded` when an owner
 * has too many.
 */
export function inSlices<Result>(computation: Generator<undefined, Result>, owner: string): Result | Promise<Result> {
  const waiting = lines.get(owner)?.length ?? 0;
  if (waiting >= longestLine) throw tooMany(waiting);
  if (waiting > 0 || begun >= beginning || restOf(owner) > 0) return inTurns(computation, owner, false);
  const step = begin(computation, owner);
  return step.done ? step.value : inTurns(computation, owner, true);
}

function begin<Result>(computation: Generator<undefined, Result>, owner: string): IteratorResult<undefined, Result> {
  const start = performance.now();
  if (begun === 0) setImmediate(() => (begun = 0));
  try {
    return advance(computation, owner, first);
  } finally {
    begun += performance.now() - start;
  }
}

let stepBegan = Number.POSITIVE_INFINITY;
let usedBefore: NodeJS.CpuUsage | undefined;

/**
 * Whether the step of `inSlices` that is under way has held the process for too long; asked by what may take long, and
 * the computation should give up. The time counts in which the process did something: it may have been stopped.
 */
export function holdsTooLong(): boolean {
  if (performance.now() - stepBegan < longestStep / 2) return false;
  usedBefore ??= process.cpuUsage();
  const { user, system } = process.cpuUsage(usedBefore);
  return (user + system) / 1000 > longestStep / 2;
}

/** Runs a computation to its end, however long it takes. */
export function atOnce<Result>(computation: Generator<undefined, Result>): Result {
  for (;;) {
    const step = computation.next();
    if (step.done) return step.value;
  }
}

async function inTurns<Result>(
  computation: Generator<undefined, Result>,
  owner: string,
  hasBegun: boolean,
): Promise<Result> {
  for (let isNext = hasBegun; ; isNext = true) {
    await turnOf(owner, isNext);
    const step = advance(computation, owner, slice);
    if (step.done) return step.value;
  }
}

function advance<Result>(
  computation: Generator<undefined, Result>,
  owner: string,
  milliseconds: number,
): IteratorResult<undefined, Result> {
  const began = performance.now();
  stepBegan = began;
  const until = began + milliseconds;
  try {
    for (;;) {
      usedBefore = undefined;
      const step = computation.next();
      stepBegan = performance.now();
      if (step.done || stepBegan >= until) return step;
    }
  } finally {
    stepBegan = Number.POSITIVE_INFINITY;
    const ended = performance.now();
    if (ended - began > longStep) {
      heavyUntil.set(owner, ended + forgotten);
      restsUntil = ended + Math.min(ended - began, longestRest);
    }
  }
}

/** Milliseconds for which an owner rests. */
function restOf(owner: string): number {
  const now = performance.now();
  const isHeavy = (heavyUntil.get(owner) ?? 0) > now;
  if (!isHeavy) heavyUntil.delete(owner);
  return isHeavy ? Math.max(0, restsUntil - now) : 0;
}

/** One turn in each round of the event loop. `isNext`: before the others of its owner. */
function turnOf(owner: string, isNext: boolean): Promise<void> {
  return new Promise((resolve) => {
    const line = lines.get(owner);
    if (!line) lines.set(owner, [resolve]);
    else if (isNext) line.unshift(resolve);
    else line.push(resolve);
    if (isTurning && !pause) return;
    clearTimeout(pause);
    pause = undefined;
    isTurning = true;
    setImmediate(giveTurn);
  });
}

function giveTurn(): void {
  pause = undefined;
  isTurning = lines.size > 0;
  if (!isTurning) return;
  const left = [...lines.keys()].map(restOf);
  const [next] = [...lines].filter((_, index) => left[index] === 0);
  if (!next) {
    pause = setTimeout(giveTurn, Math.ceil(Math.min(...left)));
    return;
  }
  const [owner, line] = next;
  lines.delete(owner);
  line.shift()?.();
  if (line.length > 0) lines.set(owner, line);
  // Whoever has this turn asks for another one before the next is given.
  setImmediate(giveTurn);
}

function tooMany(waiting: number): CoordinationError {
  return new CoordinationError({
    code: 'limit_exceeded',
    message: `${waiting} calls of this key that take long to judge are not done.`,
    hint: 'Make fewer calls at the same time, and call again in a few seconds.',
  });
}

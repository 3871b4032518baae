import { CoordinationError } from '@agentcoord/contract';

/**
 * Milliseconds for which one computation holds the process at first, in its turns, and all that begin together: in one
 * round of the event loop hundreds may, each of them short.
 */
const [first, slice, beginning] = [1, 5, 5];

/** Computations of one owner that wait for their turn at most. */
const longestLine = 50;

/** Who has computations that wait, in the order in which they have their turns. */
const lines = new Map<string, (() => void)[]>();

let isTurning = false;

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
  if (waiting > 0 || begun >= beginning) return restOf(computation, owner, false);
  const step = begin(computation);
  return step.done ? step.value : restOf(computation, owner, true);
}

function begin<Result>(computation: Generator<undefined, Result>): IteratorResult<undefined, Result> {
  const start = performance.now();
  if (begun === 0) setImmediate(() => (begun = 0));
  try {
    return advance(computation, first);
  } finally {
    begun += performance.now() - start;
  }
}

/** Runs a computation to its end, however long it takes. */
export function atOnce<Result>(computation: Generator<undefined, Result>): Result {
  for (;;) {
    const step = computation.next();
    if (step.done) return step.value;
  }
}

async function restOf<Result>(
  computation: Generator<undefined, Result>,
  owner: string,
  hasBegun: boolean,
): Promise<Result> {
  for (let isNext = hasBegun; ; isNext = true) {
    await turnOf(owner, isNext);
    const step = advance(computation, slice);
    if (step.done) return step.value;
  }
}

function advance<Result>(
  computation: Generator<undefined, Result>,
  milliseconds: number,
): IteratorResult<undefined, Result> {
  const until = performance.now() + milliseconds;
  for (;;) {
    const step = computation.next();
    if (step.done || performance.now() >= until) return step;
  }
}

/** One turn in each round of the event loop. `isNext`: before the others of its owner. */
function turnOf(owner: string, isNext: boolean): Promise<void> {
  return new Promise((resolve) => {
    const line = lines.get(owner);
    if (!line) lines.set(owner, [resolve]);
    else if (isNext) line.unshift(resolve);
    else line.push(resolve);
    if (isTurning) return;
    isTurning = true;
    setImmediate(giveTurn);
  });
}

function giveTurn(): void {
  const [next] = lines;
  isTurning = next !== undefined;
  if (!next) return;
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

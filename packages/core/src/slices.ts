/** Milliseconds for which one computation holds the process at first, when many may begin at once, and in its turns. */
const [first, slice] = [1, 5];

const waiting: (() => void)[] = [];

/**
 * Runs a computation to its end: a short one at once. A long one goes on in slices, in turn with other long ones, and
 * everything else that the process has to do is done between two slices.
 */
export function inSlices<Result>(computation: Generator<undefined, Result>): Result | Promise<Result> {
  const step = advance(computation, first);
  return step.done ? step.value : restOf(computation);
}

/** Runs a computation to its end, however long it takes. */
export function atOnce<Result>(computation: Generator<undefined, Result>): Result {
  for (;;) {
    const step = computation.next();
    if (step.done) return step.value;
  }
}

async function restOf<Result>(computation: Generator<undefined, Result>): Promise<Result> {
  for (;;) {
    await turn();
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

/** One turn in each round of the event loop, first come first served. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    if (waiting.push(resolve) === 1) setImmediate(giveTurn);
  });
}

function giveTurn(): void {
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(giveTurn);
}

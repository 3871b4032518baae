import type { Database } from './database.ts';

const period = 5_000;

/**
 * Cleans up after dead sessions every 5 s or so, until the returned function is called. Any number of processes may
 * do it: the database lets one at a time. Failures are left to the next round, because nothing depends on this one.
 */
export function startSweeper(database: Database): () => Promise<void> {
  let round: Promise<unknown> = Promise.resolve();
  let timer = setTimeout(sweep, jitter());
  timer.unref();

  function sweep(): void {
    round = database
      .call('sweep_projects', {})
      .catch(() => {})
      .then(() => {
        if (!stopped) timer = setTimeout(sweep, jitter()).unref();
      });
  }

  let stopped = false;
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await round;
  };
}

/** 80 % to 120 % of the period, so that processes started together drift apart. */
function jitter(): number {
  return period * (0.8 + Math.random() * 0.4);
}

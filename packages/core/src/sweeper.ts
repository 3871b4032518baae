import type { Database } from './database.ts';

const period = 5_000;

/** Most calls that seal in one round, of 5,000 rows each. */
const sealings = 16;

/**
 * Cleans up after dead sessions and seals the journal every 5 s or so, until the returned function is called. Any number of processes may
 * do it: the database lets one at a time. Failures are left to the next round, because nothing depends on this one.
 */
export function startSweeper(database: Database): () => Promise<void> {
  const stopping = new AbortController();
  const { signal } = stopping;
  let round: Promise<unknown> = Promise.resolve();
  let timer = setTimeout(sweep, jitter());
  timer.unref();

  function sweep(): void {
    round = database
      .call('sweep_projects', {})
      // Where leases of very many are to be moved after an outage, all calls would wait for ever.
      .catch(() => (signal.aborted ? undefined : database.upkeep?.('sweep_projects', signal)))
      .catch(() => {})
      .then(seal)
      .catch(() => {})
      .then(() => {
        if (!signal.aborted) timer = setTimeout(sweep, jitter()).unref();
      });
  }

  /** Apart from the sweep, in short transactions: whoever follows events waits for those that are open. */
  async function seal(): Promise<void> {
    for (let call = 0; call < sealings && !signal.aborted; call++) {
      const { more } = (await database.call('seal_journal', {})) as { more: boolean };
      if (!more) return;
    }
  }

  return async () => {
    stopping.abort();
    clearTimeout(timer);
    await round;
  };
}

/** 80 % to 120 % of the period, so that processes started together drift apart. */
function jitter(): number {
  return period * (0.8 + Math.random() * 0.4);
}

import type postgres from 'postgres';
import type { Finding } from './proof.ts';

/** Asks the file of "must be 0" queries every second, as far as the database answers, and for deadlocks in it. */
export function watchViolations(sql: postgres.Sql): AsyncDisposable & { rounds: number; findings(): Finding[] } {
  const seen = new Map<string, number>();
  let asking: Promise<void> = Promise.resolve();
  const watch = {
    rounds: 0,
    findings: () => [...seen].map(([name, count]) => ({ promise: 'must be 0', what: `${name}: ${count}` })),
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await asking;
    },
  };
  const ask = async () => {
    const [row] = await sql<{ counts: Record<string, number> }[]>`
      select coord.count_violations() || jsonb_build_object('deadlocks', (
        select deadlocks from pg_stat_database where datname = current_database())) as counts`;
    watch.rounds++;
    for (const [name, count] of Object.entries(row?.counts ?? {})) {
      if (count > 0) seen.set(name, Math.max(count, seen.get(name) ?? 0));
    }
  };
  let idle = true;
  const timer = setInterval(() => {
    if (!idle) return;
    idle = false;
    // While the database is away there is nothing to count.
    asking = ask()
      .catch(() => {})
      .finally(() => {
        idle = true;
      });
  }, 1000);
  return watch;
}

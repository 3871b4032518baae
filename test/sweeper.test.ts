import { startSweeper } from '@agentcoord/core';
import { expect, test } from 'vitest';
import { cloneDatabase } from './helpers/database.ts';

/** A sweep that takes longer than a call may, and notes its end. */
async function slowDown(db: Awaited<ReturnType<typeof cloneDatabase>>, seconds: number): Promise<void> {
  await db.sql.unsafe(`
    create table public.sweeps (at timestamptz not null default clock_timestamp());
    grant insert on public.sweeps to coord_app;
    create or replace function coord.sweep_projects() returns jsonb language plpgsql as $$
    begin
      perform pg_sleep(${seconds});
      insert into public.sweeps default values;
      return '{}';
    end
    $$;`);
}

test('a sweep that takes longer than a call is done all the same', async () => {
  await using db = await cloneDatabase();
  await slowDown(db, 4.5);
  const stop = startSweeper(db.database);
  const sweeps = async () => (await db.sql`select from public.sweeps`).length;
  await expect.poll(sweeps, { timeout: 25_000, interval: 200 }).toBe(1);
  await stop();
}, 30_000);

test('one that is under way does not keep a process from ending', async () => {
  await using db = await cloneDatabase();
  await slowDown(db, 40);
  const stop = startSweeper(db.database);
  const sweeping = async () => {
    const [row] = await db.sql<{ pid: number }[]>`select pid from pg_stat_activity
      where query like 'select coord.sweep_projects%' and datname = current_database() and state = 'active'`;
    return row?.pid;
  };
  await expect.poll(sweeping, { timeout: 8000, interval: 100 }).toBeDefined();
  const first = await sweeping();
  // The database ends the call; upkeep has a connection of its own.
  const isUpkeep = async () => ![first, undefined].includes(await sweeping());
  await expect.poll(isUpkeep, { timeout: 12_000, interval: 100 }).toBe(true);
  const begun = performance.now();
  await stop();
  expect(performance.now() - begun).toBeLessThan(2000);
  await expect.poll(sweeping, { timeout: 8000 }).toBeUndefined();
}, 40_000);

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
  const underWay = async () =>
    (
      await db.sql`select from pg_stat_activity where query like 'select coord.sweep_projects%'
      and datname = current_database() and state = 'active'`
    ).length;
  await expect.poll(underWay, { timeout: 8000, interval: 100 }).toBe(1);
  // The first one is ended by the database; the second one is the upkeep.
  await expect.poll(underWay, { timeout: 8000, interval: 20 }).toBe(0);
  await expect.poll(underWay, { timeout: 8000, interval: 20 }).toBe(1);
  const begun = performance.now();
  await stop();
  expect(performance.now() - begun).toBeLessThan(2000);
  await expect.poll(underWay, { timeout: 8000 }).toBe(0);
}, 40_000);

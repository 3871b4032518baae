import { setTimeout as pause } from 'node:timers/promises';
import { CoordinationError, type Invoker, type Operation, operationNamed } from '@agentcoord/contract';
import { postgresDatabase } from '@agentcoord/core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { doors } from './doors/index.ts';
import { cloneDatabase, type TestDatabase } from './helpers/database.ts';
import { through, Wire } from './helpers/wire.ts';

const inTurn = { concurrent: false };

// All doors at once: most of it is waiting.
describe.concurrent.each(doors)('$name', (door) => {
  const ownProcess = door.name.startsWith('command line');
  /** A command's process has to start first. */
  const answerWithin = ownProcess ? 8_000 : 5_000;
  const behindPostgrest = door.name.includes('PostgREST');
  const cleanup = new AsyncDisposableStack();
  let db: TestDatabase;
  let wire: Wire;
  let invoker: Invoker;
  let files = 0;

  beforeAll(async () => {
    if (door.missing) return;
    db = cleanup.use(await cloneDatabase());
    wire = cleanup.use(await Wire.before(db));
    const trust = door.trusts.includes(2) ? 2 : 4;
    const open = cleanup.use(await door.open(cleanup.use(through(wire, db))));
    invoker = await open.enter({ agent: 'ann', project: 'test', trust });
    await acquire();
  });
  afterEach(() => wire?.mend());
  afterAll(() => cleanup.disposeAsync());

  const acquire = () =>
    invoker.invoke(operationNamed('acquire_lock') as Operation, { paths: [`file-${++files}.ts`], ttl_seconds: 600 });

  async function expectUnavailable(): Promise<void> {
    const begun = performance.now();
    const refusal = await acquire().catch((error: unknown) => error);
    expect(performance.now() - begun).toBeLessThan(answerWithin);
    expect(refusal).toBeInstanceOf(CoordinationError);
    expect(refusal).toMatchObject({ code: 'unavailable', retryable: true, hint: expect.stringMatching(/call again/) });
  }

  /** Behind PostgREST it may take some more calls, because that looks for the database in its own time. */
  async function expectRecovery(lostCalls = 0): Promise<void> {
    const begun = performance.now();
    for (let lost = 0; ; lost++) {
      const answer = await acquire().catch((error: unknown) => error as CoordinationError);
      if (!(answer instanceof CoordinationError)) return expect(answer).toMatchObject({ acquired: true });
      expect(answer.code).toBe('unavailable');
      if (behindPostgrest) expect(performance.now() - begun).toBeLessThan(20_000);
      else expect(lost).toBeLessThan(lostCalls);
    }
  }

  test.skipIf(door.missing)(
    'answers unavailable while the database is away, and goes on when it is back',
    inTurn,
    async () => {
      await wire.cut();
      await expectUnavailable();
      await expectUnavailable();
      await wire.mend();
      await expectRecovery();
    },
  );

  test.skipIf(door.missing)(
    'answers unavailable while the connection is silent, and goes on when it is mended',
    inTurn,
    async () => {
      wire.silence();
      await expectUnavailable();
      await wire.mend();
      await expectRecovery();
    },
  );

  test.skipIf(door.missing)(
    'loses at most the call that was on its way when the database restarted',
    inTurn,
    async () => {
      await wire.cut();
      await wire.mend();
      await expectRecovery(1);
    },
  );

  test.skipIf(door.missing)(
    'answers unavailable to what waits for a row too long, and has changed nothing',
    inTurn,
    async () => {
      const path = `held-${door.name}.ts`.replaceAll(' ', '-');
      const lock = () => invoker.invoke(operationNamed('acquire_lock') as Operation, { paths: [path] });
      await lock();
      const row = () => db.sql`select * from coord.locks where path = ${path}`;
      const before = await row();
      await db.sql.begin(async (sql) => {
        await sql`select from coord.locks where path = ${path} for update`;
        const begun = performance.now();
        await expect(lock()).rejects.toMatchObject({ code: 'unavailable' });
        expect(performance.now() - begun).toBeLessThan(answerWithin);
      });
      // PostgREST does not stop a statement whose caller has gone: it is carried out once the row is free.
      if (!behindPostgrest) expect(await row()).toEqual(before);
      expect(await lock()).toMatchObject({ acquired: true, locks: [{ renewed: true }] });
    },
  );
});

test('a call that is ended while its answer is sent takes nothing from the next one of its connection', async () => {
  await using db = await cloneDatabase();
  // The first row is on its way when the second one fails.
  await db.sql.unsafe(`
    create function coord.break_off() returns setof integer language sql as 'select 1 / (2 - n) from generate_series(1, 2) n';
    grant execute on function coord.break_off to coord_app`);
  const database = postgresDatabase({ kind: 'postgres', connection: db.connection, where: 'Here', pool: 1 });
  for (let round = 0; round < 3; round++) {
    await expect(database.call('break_off', {})).rejects.toMatchObject({ code: 'internal' });
    expect(await database.call('open_project', { p_name: 'test' })).toEqual(expect.any(Number));
  }
  await database.close();
});

test('a call is not sent behind a slow one while another connection becomes free', async () => {
  await using db = await cloneDatabase();
  await db.sql.unsafe(`
    create function coord.rest(p_seconds float) returns integer language sql as 'select 1 from pg_sleep(p_seconds)';
    grant execute on function coord.rest to coord_app`);
  const database = postgresDatabase({ kind: 'postgres', connection: db.connection, where: 'Here', pool: 3 });
  const ended: string[] = [];
  const rest = (name: string, p_seconds: number) => database.call('rest', { p_seconds }).then(() => ended.push(name));
  await Promise.all([rest('first', 0), rest('second', 0), rest('third', 0)]);
  ended.length = 0;
  const slow = [rest('slow', 3), rest('slow', 3), rest('soon', 0.5)];
  await pause(100);
  await Promise.all(Array.from({ length: 6 }, () => rest('quick', 0)));
  expect(ended).not.toContain('slow');
  await Promise.all(slow);
  await database.close();
});

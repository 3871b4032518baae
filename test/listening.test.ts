import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';
import { asks, elsewhere } from './helpers/elsewhere.ts';
import { heldPath, listeners, timed, untilListening } from './helpers/waiting.ts';
import { Wire } from './helpers/wire.ts';

const cleanup = new AsyncDisposableStack();
let db: TestDatabase;
let ann: TestSession;
let wire: Wire;

beforeAll(async () => {
  db = cleanup.use(await cloneDatabase());
  wire = cleanup.use(await Wire.before(db));
  ann = await db.session('ann');
});
afterAll(() => cleanup.disposeAsync());

describe('the connection that listens', () => {
  test('is one for all who wait, and is closed some seconds after the last', async () => {
    await untilListening(db, 0);
    await using other = elsewhere(db);
    const path = await heldPath(ann);
    const waiting = Array.from({ length: 5 }, () => other.bob.getWork({ types: ['never'], wait_seconds: 1 }));
    waiting.push(...Array.from({ length: 5 }, () => other.bob.getWork({ types: [path], wait_seconds: 1 })));
    await untilListening(db, 1);
    await Promise.all(waiting);
    expect(await listeners(db)).toHaveLength(1);
    await untilListening(db, 0);
  });

  test('is opened again when it was lost, and who waits asks then', async () => {
    await using other = elsewhere(db);
    const path = await heldPath(ann);
    const waiting = other.bob.acquireLock({ paths: [path], wait_seconds: 20 });
    await untilListening(db, 1);
    const [lost = 0] = await listeners(db);
    await db.sql`select pg_terminate_backend(${lost})`;
    await expect.poll(() => listeners(db)).toEqual([expect.not.closeTo(lost, 0)]);
    await ann.releaseLock({ paths: [path] });
    expect(await waiting).toMatchObject({ acquired: true });
  });

  test('goes with the database, and what was written just before is told still', async () => {
    const path = await heldPath(ann);
    await ann.releaseLock({ paths: [path] });
    const brief = elsewhere(db);
    await brief.bob.acquireLock({ paths: [path] });
    const carol = await db.session('carol');
    const waiting = timed(carol.acquireLock({ paths: [path], wait_seconds: 20 }));
    await untilListening(db, 1);
    await brief.bob.releaseLock({ paths: [path] });
    await brief[Symbol.asyncDispose]();
    const closed = performance.now();
    expect((await waiting).at - closed).toBeLessThan(250);
    await untilListening(db, 0);
  });
});

describe('while the database is away', () => {
  afterEach(() => wire.mend());

  test('waiting goes on, and gets what is free when it is back', async () => {
    await using other = elsewhere(db, { connection: wire.url });
    const path = await heldPath(ann);
    const waiting = other.bob.acquireLock({ paths: [path], wait_seconds: 30 });
    await untilListening(db, 1);
    await wire.cut();
    await ann.releaseLock({ paths: [path] });
    const before = asks(other, 'acquire_lock');
    // The first of them has failed, or there would be no second.
    await expect.poll(() => asks(other, 'acquire_lock'), { timeout: 10_000 }).toBeGreaterThanOrEqual(before + 2);
    await wire.mend();
    expect(await waiting).toMatchObject({ acquired: true });
  });

  test('it is unavailable at the end of its time, and at once when it was away at the beginning', async () => {
    await using other = elsewhere(db, { connection: wire.url });
    const path = await heldPath(ann);
    const waiting = timed(other.bob.acquireLock({ paths: [path], wait_seconds: 2 }).catch((error: unknown) => error));
    await untilListening(db, 1);
    await wire.cut();
    const { answer, seconds } = await waiting;
    expect(answer).toMatchObject({ code: 'unavailable', retryable: true });
    expect(seconds).toBeGreaterThanOrEqual(2);
    const again = await timed(
      other.bob.acquireLock({ paths: [path], wait_seconds: 30 }).catch((error: unknown) => error),
    );
    expect(again.answer).toMatchObject({ code: 'unavailable' });
    expect(again.seconds).toBeLessThan(5);
  });
});

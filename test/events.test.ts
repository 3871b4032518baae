import { setTimeout as pause } from 'node:timers/promises';
import { type Coordinator, coordinatorOver, type EventInput } from '@agentcoord/contract';
import { type Database, followEvents, localTransport, type PostgresOptions, postgresDatabase } from '@agentcoord/core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { projectId } from './helpers/callers.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';
import { Reader } from './helpers/event_reader.ts';
import { listeners, untilListening } from './helpers/waiting.ts';
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

/** Connections of their own, as another process has them, with one caller. */
interface Elsewhere extends AsyncDisposable {
  database: Database;
  bob: Coordinator;
  /** How often the journal was read. */
  reads(): number;
}

function elsewhere(options: Partial<PostgresOptions> = {}): Elsewhere {
  const inner = postgresDatabase({ kind: 'postgres', connection: db.connection, where: 'Elsewhere', ...options });
  let reads = 0;
  const database: Database = {
    ...inner,
    call(name, args) {
      if (name === 'follow_events') reads++;
      return inner.call(name, args);
    },
  };
  const transport = localTransport(database, 'test', { agent: 'bob', agent_type: 'test', trust: 2, label: 'bob' });
  return {
    ...{ database, bob: coordinatorOver(transport), reads: () => reads },
    [Symbol.asyncDispose]: () => database.close(),
  };
}

const submit = async (title = 'event') => `task:${(await ann.submitWork({ title })).task_id}`;

describe('events()', () => {
  test('hands out what another process did within milliseconds, and nothing of the past', async () => {
    await submit('past');
    await using other = elsewhere();
    await using reader = await Reader.of(other.bob, { subject: 'task:' });
    await untilListening(db, 1);
    const before = other.reads();
    const delays: number[] = [];
    for (let round = 0; round < 20; round++) {
      await pause(20);
      const subject = await submit();
      const begun = performance.now();
      while (!reader.subjects.includes(subject)) await pause(0.5);
      delays.push(performance.now() - begun);
    }
    const median = delays.toSorted((a, b) => a - b)[10] ?? Number.NaN;
    console.log(`event to subscriber, median ${median.toFixed(1)} ms; ${other.reads() - before} reads for 20 events`);
    // Less than the second of who only asks again. Long transactions in databases of other tests cost a tenth of it.
    expect(median).toBeLessThan(500);
    expect(reader.seen).toHaveLength(20);
    expect(await reader.stop()).toEqual(new Error('stopped'));
  });

  test('reads the past from a cursor on, and goes on with the present', async () => {
    await using other = elsewhere();
    const { cursor } = await ann.listEvents({ after: 'now' });
    const subjects: string[] = [];
    for (let task = 0; task < 450; task++) subjects.push(await submit());
    await using reader = new Reader(other.bob, { after: cursor });
    for (let task = 0; task < 50; task++) subjects.push(await submit());
    await expect.poll(() => reader.seen.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(500);
    expect(reader.subjects.filter((subject) => subject.startsWith('task:'))).toEqual(subjects);
  });

  test('serves hundreds with different filters by one read, whenever they come', async () => {
    await using other = elsewhere();
    const stack = new AsyncDisposableStack();
    const readers: Reader[] = [];
    const expected: string[] = [];
    for (let index = 0; index < 300; index++) {
      readers.push(stack.use(await Reader.of(other.bob, index % 3 ? { subject: `lock:d${index % 10}/` } : {})));
      if (index % 10 === 0) await ann.acquireLock({ paths: [`d${index % 100 === 0 ? 1 : 0}/${index}.ts`] });
    }
    const before = other.reads();
    for (let path = 0; path < 100; path++) {
      await ann.acquireLock({ paths: [`d${path % 10}/final-${path}.ts`] });
      expected.push(`lock:d${path % 10}/final-${path}.ts`);
    }
    const finals = (reader: Reader | undefined) =>
      reader?.subjects.filter((subject) => subject.includes('final')) ?? [];
    await expect.poll(() => readers.every((reader) => finals(reader).length >= 10), { timeout: 20_000 }).toBe(true);
    await expect.poll(() => finals(readers[0])).toEqual(expected);
    for (const [index, reader] of readers.entries()) {
      const wanted = index % 3 ? expected.filter((subject) => subject.startsWith(`lock:d${index % 10}/`)) : expected;
      expect(finals(reader)).toEqual(wanted);
      expect(new Set(reader.seen.map(({ cursor }) => cursor)).size).toBe(reader.seen.length);
    }
    expect(other.reads() - before).toBeLessThan(500);
    await stack.disposeAsync();
  });

  test('sees each row once and in order, whatever many writers in several processes do', async () => {
    await using other = elsewhere();
    const writers = [elsewhere(), elsewhere()];
    await using reader = await Reader.of(other.bob, { operation: 'submit_work' });
    const { cursor } = await ann.listEvents({ after: 'now' });
    await Promise.all(
      Array.from({ length: 16 }, async (_, index) => {
        for (let task = 0; task < 60; task++) await writers[index % 2]?.bob.submitWork({ title: `${index}-${task}` });
      }),
    );
    await expect.poll(() => reader.seen.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(960);
    const rows = await db.sql<{ cursor: string }[]>`
      select xact_id || '-' || entry_id as cursor from coord.journal
      where operation = 'submit_work' and (xact_id, entry_id) > (${cursor.split('-')[0] ?? ''}::xid8, ${cursor.split('-')[1] ?? ''}::bigint)
      order by xact_id, entry_id`;
    expect(reader.seen.map((event) => event.cursor)).toEqual(rows.map((row) => row.cursor));
    for (const writer of writers) await writer[Symbol.asyncDispose]();
  });

  test('costs nothing while nobody subscribes: no read, and soon no connection that listens', async () => {
    await using other = elsewhere();
    const reader = await Reader.of(other.bob);
    await untilListening(db, 1);
    await reader.stop();
    const before = other.reads();
    await submit();
    await untilListening(db, 0);
    expect(other.reads()).toBe(before);
    expect(await listeners(db)).toEqual([]);
  });

  test('polls about once a second when all is quiet', async () => {
    await using other = elsewhere();
    await using _reader = await Reader.of(other.bob);
    await untilListening(db, 1);
    await pause(200);
    const before = other.reads();
    await pause(3000);
    expect(other.reads() - before).toBeLessThanOrEqual(5);
  });

  test('comes by polling where nobody can listen', async () => {
    await using other = elsewhere({ pooled: true });
    await using reader = await Reader.of(other.bob);
    const subject = await submit();
    await expect.poll(() => reader.subjects, { timeout: 3000 }).toContain(subject);
  });

  test('comes by asking where there is no stream', async () => {
    await using other = elsewhere();
    const { events: _, ...plain } = localTransport(other.database, 'test', {
      agent: 'eve',
      agent_type: 't',
      trust: 1,
      label: 'e',
    });
    await using reader = await Reader.of(coordinatorOver(plain), { subject: 'task:' });
    const subjects = [await submit(), await submit()];
    await expect.poll(() => reader.subjects, { timeout: 3000 }).toEqual(subjects);
  });

  test('ends with the error of a bad cursor or filter', async () => {
    await using other = elsewhere();
    const failure = (input: EventInput) => new Reader(other.bob, input).done;
    expect(await failure({ after: '999999999999999-1' })).toMatchObject({ details: { reason: 'cursor_unknown' } });
    expect(await failure({ subject: '' })).toMatchObject({ code: 'invalid_input' });
    expect(await failure({ limit: 3 } as EventInput)).toMatchObject({ message: 'limit: unknown field' });
  });
});

describe('while the database is away', () => {
  afterEach(() => wire.mend());

  test('a stream goes on afterwards: nothing is lost, and nothing comes twice', async () => {
    await using other = elsewhere({ connection: wire.url });
    await using reader = await Reader.of(other.bob, { subject: 'task:' });
    const subjects = [await submit()];
    await expect.poll(() => reader.subjects).toEqual(subjects);
    await wire.cut();
    subjects.push(await submit(), await submit());
    await pause(1500);
    await wire.mend();
    subjects.push(await submit());
    await expect.poll(() => reader.subjects, { timeout: 10_000 }).toEqual(subjects);
  });
});

describe('who does not take events in time', () => {
  test('is dropped with little memory kept, and told where to go on; a loop over events() goes on by itself', async () => {
    await using other = elsewhere();
    const caller = { project_id: await projectId(db), agent: 'slow', agent_type: 't', trust: 1, label: 'slow' };
    const stream = followEvents(other.database, caller, { operation: 'sweep' });
    const first = await stream.next();
    const begun = first.value?.cursor ?? '';
    const pending = stream.next();
    const loop = other.bob.events({ after: begun, operation: 'sweep' });
    const flood = (rows: number) => db.sql`
      insert into coord.journal (project_id, operation, resource, outcome)
      select ${caller.project_id}::integer, 'sweep', 'project', 'ok' from generate_series(1, ${rows}::integer)`;
    await flood(1);
    const taken = (await pending).value?.cursor;
    const steps = loop[Symbol.asyncIterator]();
    const cursors = [(await steps.next()).value?.cursor];
    await flood(6000);
    await pause(2500);
    await expect(stream.next()).rejects.toMatchObject({
      code: 'limit_exceeded',
      details: { reason: 'too_slow', cursor: taken },
    });
    while (cursors.length < 6001) cursors.push((await steps.next()).value?.cursor);
    await steps.return?.();
    const rows = await db.sql<{ cursor: string }[]>`
      select xact_id || '-' || entry_id as cursor from coord.journal
      where operation = 'sweep' and resource = 'project' order by xact_id, entry_id`;
    expect(cursors).toEqual(rows.map((row) => row.cursor));
  });
});

test('a subscriber is told when newer events are kept back, and gets them when that is over', async () => {
  await using other = elsewhere();
  const caller = { project_id: await projectId(db), agent: 'late', agent_type: 't', trust: 1, label: 'late' };
  const stream = followEvents(other.database, caller, { subject: 'task:' });
  await stream.next();
  const open = await db.sql.reserve();
  await open`begin`;
  await open`select pg_current_xact_id()`;
  const subject = await submit();
  const told = await stream.next();
  expect(told.value).toMatchObject({ items: [], delay_seconds: 2 });
  await open`commit`;
  open.release();
  let page = (await stream.next()).value;
  while (page?.items.length === 0) page = (await stream.next()).value;
  expect(page?.items[0]?.event.subjects).toEqual([subject]);
  await stream.return();
});

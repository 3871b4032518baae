import { randomUUID } from 'node:crypto';
import { coordinatorOver, type Operation, operations } from '@agentcoord/contract';
import { type Caller, invoke, localTransport } from '@agentcoord/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { projectId, speakAs } from './helpers/callers.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';
import { exampleInput, type World, worldOf } from './helpers/example_inputs.ts';
import { stateOf } from './helpers/state.ts';

let db: TestDatabase;
/** An administrator of each project: what a mutation names is always of somebody with as much trust. */
let root: TestSession;
let others: TestSession;
/** What there is in the other project, by the name of the field that names it. */
let theirs: World;
let mine: World;
/** By what is wrong with it, a caller as a door could make it at most. */
let callers: Record<string, Caller>;

beforeAll(async () => {
  db = await cloneDatabase();
  root = await db.session('root', { project: 'ours', trust: 4 });
  others = await db.session('others', { project: 'theirs', trust: 4 });
  theirs = await worldOf(others);
  mine = await worldOf(root);
  callers = await swappedCallers();
});
afterAll(() => db?.[Symbol.asyncDispose]());

async function swappedCallers(): Promise<typeof callers> {
  const [project_id, elsewhere] = await Promise.all(['ours', 'theirs'].map((name) => projectId(db, name)));
  if (!project_id || !elsewhere) throw new Error('There are two projects.');
  const keyIn = async (maker: TestSession, agent: string) => (await maker.createKey({ agent, trust: 4 })).key_id;
  const sessionOf = async (caller: Caller) => (await speakAs(db, caller).registerSession()).session_id;
  const key_id = await keyIn(root, 'mallory');
  const [victim, stranger, revoked, expired] = [
    await keyIn(root, 'victim'),
    await keyIn(others, 'stranger'),
    await keyIn(root, 'revoked'),
    await keyIn(root, 'expired'),
  ];
  const victims = await sessionOf({ project_id, key_id: victim });
  const strangers = await sessionOf({ project_id: elsewhere, key_id: stranger });
  const subagent = await speakAs(db, { project_id, key_id: victim, session_id: victims }).openSubagent({ name: 'sub' });
  const ended = await sessionOf({ project_id, key_id });
  await speakAs(db, { project_id, key_id, session_id: ended }).endSession();
  const ofRevoked = await sessionOf({ project_id, key_id: revoked });
  await root.revokeKey({ key_id: revoked });
  await db.sql`update coord.api_keys set expires_at = clock_timestamp() - interval '1 s' where key_id = ${expired}`;
  const local = { agent: 'victim', agent_type: 'test', trust: 4 };
  return {
    'the session of another key': { project_id, key_id, session_id: victims },
    'the session of a subagent of another key': { project_id, key_id, session_id: subagent.session_id },
    'the session of a process of the machine': { project_id, key_id, session_id: root.session_id },
    'a session of the other project': { project_id, key_id, session_id: strangers },
    'the other project': { project_id: elsewhere, key_id },
    'the other project and a session there': { project_id: elsewhere, key_id, session_id: strangers },
    'the session of a process in the other project': { project_id: elsewhere, key_id, session_id: others.session_id },
    'the session of a key, without one': { project_id, ...local, session_id: victims },
    'a session that nobody has': { project_id, key_id, session_id: randomUUID() },
    'an own session that has ended': { project_id, key_id, session_id: ended },
    'a revoked key and its session': { project_id, key_id: revoked, session_id: ofRevoked },
    'an expired key': { project_id, key_id: expired },
    'a key that nobody has': { project_id, key_id: '000000000000' },
  };
}

/** Whoever could tell these apart would learn which sessions, or which keys, there are. */
const alike = [
  [
    'a session that nobody has',
    'the session of another key',
    'the session of a subagent of another key',
    'the session of a process of the machine',
    'a session of the other project',
    'the other project and a session there',
    'the session of a process in the other project',
    'the session of a key, without one',
  ],
  ['a key that nobody has', 'an expired key', 'the other project'],
];

const named = operations.map((operation) => [operation.name, operation] as const);

/** Rows of the other project in all tables. */
async function rowsOfOthers(): Promise<Record<string, string>> {
  const tables = await db.sql<{ name: string }[]>`
    select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'project_id'
    where c.relnamespace = 'coord'::regnamespace and c.relkind = 'r' order by 1`;
  const hashes = tables.map(async ({ name }) => {
    const [row] = await db.sql.unsafe<{ hash: string }[]>(`
      select count(*) || md5(coalesce(string_agg(t::text, '|' order by t::text), '')) as hash from coord.${name} t
      where t.project_id = (select project_id from coord.projects where name = 'theirs')`);
    return [name, row?.hash ?? ''] as const;
  });
  return Object.fromEntries(await Promise.all(hashes));
}

describe('swapped identities', () => {
  let calls = 0;

  test.each(named)(
    '%s refuses all of them, those that must look alike in the same words, and changes no row',
    async (_name, operation) => {
      const input = exampleInput(operation, mine);
      const before = await stateOf(db);
      const said = new Map<string, string>();
      for (const [mutation, caller] of Object.entries(callers)) {
        const answer = await invoke(db.database, operation, caller, input).then(
          (done) => ({ mutation, done }),
          (error) => error,
        );
        expect(answer, mutation).toMatchObject({ code: 'unauthenticated' });
        said.set(mutation, JSON.stringify(answer));
        calls++;
      }
      for (const group of alike) {
        const words = group.map((mutation) => [mutation, said.get(mutation)]);
        expect(words).toEqual(group.map((mutation) => [mutation, said.get(group[0] ?? '')]));
      }
      expect(await stateOf(db)).toEqual(before);
    },
  );

  test('are thirteen for each operation', () => {
    console.log(
      `swapped identities: ${operations.length} operations × ${Object.keys(callers).length} mutations: ` +
        `${calls} calls, all refused, no row changed`,
    );
    expect(calls).toBe(operations.length * Object.keys(callers).length);
    expect(Object.keys(callers).length).toBeGreaterThanOrEqual(12);
  });
});

describe("the other project's ids", () => {
  const ids = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{12}/g;
  const instants = /\d{4}-\d\d-\d\dT[\d:.]+[+\-\d:Z]*/g;
  let pairs = 0;
  let probers = 0;

  const freeTexts = ['working_on', 'title', 'text'];

  /** Fields that name something, and a thing of that kind that is in the other project. */
  const namingFields = ({ input }: Operation) =>
    Object.entries(input.shape).flatMap(([field, schema]) => {
      const id = idFor(field);
      const accepts = (value: unknown) => (schema as z.ZodType).safeParse(value).success;
      return id === undefined || typeof id === 'number' || freeTexts.includes(field)
        ? []
        : [
            [field, id],
            [field, [id]],
          ]
            .filter(([, value]) => accepts(value))
            .slice(0, 1);
    }) as [field: string, value: unknown][];

  /** `depends_on`, `parent_id` and the like name what another field is called after. */
  const idFor = (field: string) =>
    theirs[
      { depends_on: 'task_id', parent_id: 'task_id', blocked_by: 'task_id', assignee: 'agent', to: 'agent' }[field] ??
        field
    ];

  const unknownLike = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(unknownLike);
    const text = String(value);
    if (/^[0-9a-f-]{36}$/.test(text)) return randomUUID();
    return text.replace(/[0-9a-f]{12}/, () => randomUUID().slice(-12));
  };

  /**
   * What a new administrator's key is answered who has things of his own, but for this field. Each operation has a project
   * of its own, where no other one has made something of that name.
   */
  async function answerTo(operation: Operation, change: Record<string, unknown>): Promise<string> {
    const agent = `prober-${++probers}`;
    const project = `ours-${operation.name}`;
    const { key_id } = await (await db.session('root', { project, trust: 4 })).createKey({ agent, trust: 4 });
    const caller = { project_id: await projectId(db, project), key_id };
    const { session_id } = await speakAs(db, caller).registerSession();
    const session = { ...speakAs(db, { ...caller, session_id }), session_id };
    const own = await worldOf(session);
    const input = { ...exampleInput(operation, own), ...change };
    const answer = await invoke(db.database, operation, { ...caller, session_id }, input).catch((error) => error);
    await session.endSession().catch(() => {});
    // What it named itself, or made, or has by its own id, is no difference.
    const text = JSON.stringify(answer).replaceAll(instants, '<instant>');
    const without = Object.values(change)
      .flat()
      .reduce<string>((said, value) => said.replaceAll(String(value), '<named>'), text);
    return without
      .replaceAll(/ac_\w+/g, '<key>')
      .replaceAll(ids, '<id>')
      .replaceAll(/\d+/g, '<n>');
  }

  test.each(named)(
    'are answered by %s like ids that nobody has, and nothing of theirs changes',
    async (_name, operation) => {
      const before = await rowsOfOthers();
      for (const [field, value] of namingFields(operation)) {
        const [known, unknown] = [
          await answerTo(operation, { [field]: value }),
          await answerTo(operation, { [field]: unknownLike(value) }),
        ];
        expect(known, field).toBe(unknown);
        pairs++;
      }
      expect(await rowsOfOthers()).toEqual(before);
    },
  );

  test('were tried for each field that names something', () => {
    console.log(
      `the other project's ids: ${pairs} fields of ${operations.length} operations, answered like unknown ones`,
    );
    expect(pairs).toBeGreaterThan(40);
  });

  test('are there: their own administrator is answered otherwise', async () => {
    const { task_id } = theirs as { task_id: string };
    expect(await others.getTask({ task_id })).toMatchObject({ task_id });
    const administrator = { agent: 'root', agent_type: 'test', trust: 4 };
    const ours = coordinatorOver(localTransport(db.database, 'ours', { ...administrator, label: 'root' }));
    await expect(ours.getTask({ task_id })).rejects.toMatchObject({ code: 'not_found' });
  });
});

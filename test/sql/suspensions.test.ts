import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectId, speakAs } from '../helpers/callers.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { refused } from '../helpers/refusals.ts';

let db: TestDatabase;
let root: TestSession;

beforeAll(async () => {
  db = await cloneDatabase();
  root = await db.session('root', { trust: 4 });
});
afterAll(() => db?.[Symbol.asyncDispose]());

test('a suspended agent may do nothing from its next call on, whichever session it comes with, until it is resumed', async () => {
  const ann = await db.session('ann');
  await ann.checkLocks();
  const { session_id } = await ann.openSubagent({ name: 'helper' });
  const helper = speakAs(db, {
    ...{ agent: 'ann', agent_type: 'test', trust: 2 },
    ...{ project_id: await projectId(db), session_id },
  });
  await root.suspendAgent({ agent: 'ann', reason: 'runs wild' });
  const suspended = refused('forbidden', 'suspended');
  await expect(ann.checkLocks()).rejects.toEqual(suspended);
  await expect(ann.heartbeat()).rejects.toEqual(suspended);
  await expect(helper.checkLocks()).rejects.toEqual(suspended);
  await expect(db.session('ann')).rejects.toEqual(suspended);
  expect(await ann.getMyProfile()).toMatchObject({ suspended: true });
  expect((await root.listProfiles()).suspensions).toMatchObject([{ agent: 'ann', reason: 'runs wild' }]);
  await root.resumeAgent({ agent: 'ann' });
  await ann.checkLocks();
  await helper.checkLocks();
});

test('a suspended agent does not keep alive what it holds', async () => {
  const ann = await db.session('beating', { beats: true });
  await root.suspendAgent({ agent: 'beating' });
  const lease = () => db.sql`select lease_expires_at from coord.sessions where session_id = ${ann.session_id}`;
  const [before] = await lease();
  await expect(ann.heartbeat()).rejects.toEqual(refused('forbidden', 'suspended'));
  expect(await lease()).toEqual([before]);
});

test('a suspension waits for no call that is under way, and the next one of that session finds it', async () => {
  const busy = await db.session('busy', { beats: true });
  await busy.checkLocks();
  await db.sql`update coord.sessions set fresh_until = '-infinity' where agent = 'busy'`;
  await db.sql.begin(async (sql) => {
    await sql`select from coord.sessions where agent = 'busy' for update`;
    expect(await root.suspendAgent({ agent: 'busy' })).toMatchObject({ suspended: true, changed_sessions: 0 });
  });
  await expect(busy.checkLocks()).rejects.toEqual(refused('forbidden', 'suspended'));
  const [row] = await db.sql`select restrictions from coord.sessions where agent = 'busy'`;
  expect(row?.restrictions).toMatchObject({ suspended: true });
  await root.resumeAgent({ agent: 'busy' });
  expect(await busy.checkLocks()).toMatchObject({ truncated: false });
});

test('a suspended agent cannot resume itself', async () => {
  const { key_id } = await root.createKey({ agent: 'suspended-boss', trust: 4 });
  const boss = speakAs(db, { key_id, project_id: await projectId(db) });
  await boss.checkLocks();
  await root.suspendAgent({ agent: 'suspended-boss' });
  await expect(boss.resumeAgent({ agent: 'suspended-boss' })).rejects.toEqual(refused('forbidden', 'suspended'));
});

test('a suspended subagent is not opened again by its parent, and neither are those below it', async () => {
  const ann = await db.session('parent');
  const project_id = await projectId(db);
  const speak = (session_id: string) =>
    speakAs(db, { agent: 'parent', agent_type: 'test', trust: 2, project_id, session_id });
  const child = speak((await ann.openSubagent({ name: 'x' })).session_id);
  const grandchild = speak((await child.openSubagent({ name: 'y' })).session_id);
  const namesake = speak((await ann.openSubagent({ name: 'xx' })).session_id);
  const stranger = await db.session('parent/x/stranger');
  await root.suspendAgent({ agent: 'parent/x' });
  const suspended = refused('forbidden', 'suspended');
  await expect(child.checkLocks()).rejects.toEqual(suspended);
  await expect(grandchild.checkLocks()).rejects.toEqual(suspended);
  await expect(ann.openSubagent({ name: 'x' })).rejects.toEqual(suspended);
  await ann.checkLocks();
  await namesake.checkLocks();
  await stranger.checkLocks();
  await root.resumeAgent({ agent: 'parent/x' });
  await grandchild.checkLocks();
  await ann.openSubagent({ name: 'x' });
});

test('of a suspension and the opening of that subagent at the same time, none slips through', async () => {
  const ann = await db.session('racer');
  const project_id = await projectId(db);
  for (let round = 0; round < 20; round++) {
    const name = `r${round}`;
    const [opened] = await Promise.allSettled([
      ann.openSubagent({ name }),
      root.suspendAgent({ agent: `racer/${name}` }),
    ]);
    if (opened.status === 'rejected') continue;
    const { session_id } = opened.value;
    const child = speakAs(db, { agent: 'racer', agent_type: 'test', trust: 2, project_id, session_id });
    await expect(child.checkLocks()).rejects.toEqual(refused('forbidden', 'suspended'));
  }
});

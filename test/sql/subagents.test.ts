import type { Coordinator } from '@agentcoord/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requested } from '../helpers/approvals.ts';
import { projectId, speakAs } from '../helpers/callers.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { lapse, stopTrusting } from '../helpers/past.ts';
import { refused } from '../helpers/refusals.ts';

let db: TestDatabase;
let root: TestSession;
let project_id: number;

beforeAll(async () => {
  db = await cloneDatabase();
  root = await db.session('root', { trust: 4 });
  project_id = await projectId(db);
});
afterAll(() => db?.[Symbol.asyncDispose]());

type Child = Coordinator & { session_id: string };

/** A subagent of a session of this machine, and what was answered when it was opened. */
async function childOf(parent: TestSession, input: Partial<Parameters<Coordinator['openSubagent']>[0]> = {}) {
  const opened = await parent.openSubagent({ name: 'helper', ...input });
  const caller = { project_id, session_id: opened.session_id, agent: 'nobody', agent_type: 'test', trust: 2 };
  return { opened, child: { ...speakAs(db, caller), session_id: opened.session_id } as Child };
}

const ended = refused('unauthenticated', 'session_ended');

describe('a subagent', () => {
  test('is a holder of its own, named after the agent that it works for', async () => {
    const ann = await db.session('ann');
    const { opened, child } = await childOf(ann, { working_on: 'the tests' });
    expect(opened).toMatchObject({ agent: 'ann/helper', delegated_from: 'ann', parent_session_id: ann.session_id });
    await child.acquireLock({ paths: ['own.ts'] });
    const refusal = await ann.acquireLock({ paths: ['own.ts'] });
    expect(refusal).toMatchObject({ acquired: false, blocked_by: [{ agent: 'ann/helper' }] });
    const { agents } = await root.discoverAgents();
    expect(agents.find(({ session_id }) => session_id === child.session_id)).toMatchObject({
      agent: 'ann/helper',
      delegated_from: 'ann',
      parent_session_id: ann.session_id,
      working_on: 'the tests',
    });
    const [row] = await db.sql`select agent, session_id from coord.journal where resource = 'own.ts' limit 1`;
    expect(row).toEqual({ agent: 'ann/helper', session_id: child.session_id });
    const [opening] = await db.sql`
      select session_id, detail from coord.journal where operation = 'open_subagent' order by entry_id desc limit 1`;
    expect(opening).toMatchObject({
      session_id: ann.session_id,
      detail: { agent: 'ann/helper', delegated_from: 'ann', parent_session_id: ann.session_id },
    });
  });

  test('has the trust of its parent or less, also when that is lowered later', async () => {
    const ann = await db.session('truster');
    await expect(ann.openSubagent({ name: 'x', trust: 3 })).rejects.toEqual(
      refused('forbidden', 'insufficient_trust_level'),
    );
    const reader = (await childOf(ann, { trust: 1 })).child;
    await expect(reader.submitWork({ title: 'x' })).rejects.toMatchObject({ code: 'forbidden' });
    const { child } = await childOf(ann, { agent_type: 'orchestrator' });
    await child.submitWork({ title: 'x' });
    await root.setProfile({ profile: 'reads', trust: 1 });
    expect(await root.assignProfile({ profile: 'reads', agent: 'truster' })).toMatchObject({ changed_sessions: 2 });
    await expect(child.submitWork({ title: 'x' })).rejects.toMatchObject({ code: 'forbidden' });
    expect(await child.getMyProfile()).toMatchObject({ profile: 'reads', trust: 1, delegated_from: 'truster' });
  });

  test('ends with its parent, and what it held is free', async () => {
    const ann = await db.session('leaver');
    const { child } = await childOf(ann);
    const grandchild = (await childOf({ ...child } as TestSession, { name: 'deeper' })).child;
    await grandchild.acquireLock({ paths: ['deep.ts'] });
    await child.acquireLock({ paths: ['shallow.ts'] });
    expect(await ann.endSession()).toMatchObject({ released_locks: 2 });
    for (const gone of [child, grandchild]) await expect(gone.checkLocks()).rejects.toEqual(ended);
    expect(await root.acquireLock({ paths: ['deep.ts', 'shallow.ts'] })).toMatchObject({ acquired: true });
    const rows = await db.sql`
      select agent, detail ->> 'parent_session_id' as parent from coord.journal
      where operation = 'end_session' and detail ? 'parent_session_id' order by entry_id`;
    expect(rows).toEqual([
      { agent: 'leaver/helper', parent: ann.session_id },
      { agent: 'leaver/helper/deeper', parent: child.session_id },
    ]);
  });

  test('and many others end together: the locks of the project are read once', async () => {
    const ann = await db.session('crowd');
    const locks = 20_000;
    await db.sql`
      insert into coord.locks (project_id, path, token, acquired_at, expires_at)
      select ${project_id}, 'f' || n, 1, now(), now() from generate_series(1, ${locks}) n`;
    await db.sql`analyze coord.locks`;
    for (let count = 0; count < 40; count++) {
      const { child } = await childOf(ann, { name: `n${count}` });
      await child.acquireLock({ paths: [`held/${count}`] });
    }
    const read = async () => {
      await db.sql`select pg_stat_force_next_flush()`;
      const [row] = await db.sql<{ rows: string }[]>`
        select seq_tup_read + coalesce(idx_tup_fetch, 0) as rows from pg_stat_all_tables
        where schemaname = 'coord' and relname = 'locks'`;
      return Number(row?.rows);
    };
    const before = await read();
    const [row] = await db.sql.begin(async (sql) => {
      await sql`select pg_stat_force_next_flush()`;
      return sql`
        select sum(e.released_locks)::integer as released, count(*)::integer as sessions
        from coord._end_sessions(${project_id}, ${[ann.session_id]}, 'x', false) e`;
    });
    expect(row).toEqual({ released: 40, sessions: 41 });
    expect((await read()) - before).toBeLessThan(3 * locks);
  });

  test('cannot act once its parent has lapsed, before anything was swept', async () => {
    const ann = await db.session('dier', { beats: true });
    const { child } = await childOf(ann);
    await child.checkLocks();
    await lapse(db, ann);
    await stopTrusting(db, child);
    await expect(child.acquireLock({ paths: ['late.ts'] })).rejects.toEqual(ended);
    await root.sweep();
    const [row] =
      await db.sql`select ended_at is not null as ended from coord.sessions where session_id = ${child.session_id}`;
    expect(row).toEqual({ ended: true });
  });

  test('is not opened by a session that is ending at the same time, or ends with it', async () => {
    for (let round = 0; round < 20; round++) {
      const ann = await db.session(`racer-${round}`);
      await Promise.allSettled([
        ann.openSubagent({ name: 'late' }),
        ann.endSession(),
        ann.openSubagent({ name: 'later' }),
      ]);
    }
    const living = await db.sql`select from coord.sessions where agent like 'racer-%' and ended_at is null`;
    expect(living).toHaveLength(0);
  });

  test('does not decide for its own agent, nor that for it', async () => {
    const ann = await db.session('decider', { trust: 3 });
    const { child } = await childOf(ann);
    const own = refused('forbidden', 'own_request');
    const [asked, answered] = [await requested(ann), await requested(child as unknown as TestSession)];
    await expect(child.decideApproval({ approval_id: asked, decision: 'approve' })).rejects.toEqual(own);
    await expect(ann.decideApproval({ approval_id: answered, decision: 'approve' })).rejects.toEqual(own);
    const sister = (await childOf(ann, { name: 'sister' })).child;
    await expect(sister.decideApproval({ approval_id: answered, decision: 'approve' })).rejects.toEqual(own);
    await root.decideApproval({ approval_id: asked, decision: 'approve' });
  });

  test('of a key speaks with that key alone', async () => {
    const [mine, other] = [await root.createKey({ agent: 'cloud' }), await root.createKey({ agent: 'cloud' })];
    const parent = speakAs(db, { project_id, key_id: mine.key_id });
    const { session_id } = await parent.openSubagent({ name: 'helper' });
    await speakAs(db, { project_id, key_id: mine.key_id, session_id }).checkLocks();
    await expect(speakAs(db, { project_id, key_id: other.key_id, session_id }).checkLocks()).rejects.toEqual(ended);
    expect(await root.revokeKey({ key_id: mine.key_id })).toMatchObject({ ended_sessions: 2 });
    await expect(speakAs(db, { project_id, key_id: mine.key_id, session_id }).checkLocks()).rejects.toEqual(ended);
  });

  test('is counted together with its agent, so that nobody gets more by opening some', async () => {
    const ann = await db.session('counted');
    const { child } = await childOf(ann);
    await child.sendMessage({ text: 'x' });
    const [row] = await db.sql`select messages from coord.agents where agent = 'counted'`;
    expect(row).toEqual({ messages: 10 });
    await db.sql`
      update coord.agents set messages = 1000, new_paths = 5000, new_paths_since = clock_timestamp()
      where agent = 'counted'`;
    await expect(child.sendMessage({ text: 'x' })).rejects.toEqual(refused('limit_exceeded', 'too_many_messages'));
    await expect(child.acquireLock({ paths: ['new.ts'] })).rejects.toEqual(refused('limit_exceeded', 'too_many_paths'));
    await expect(child.requestApproval({ action_type: 'x', description: 'x' })).rejects.toEqual(
      refused('limit_exceeded', 'too_many_messages'),
    );
    await db.sql`update coord.agents set messages = 800 where agent = 'counted'`;
    for (let pending = 0; pending < 20; pending++)
      await (pending % 2 ? ann : child).requestApproval({ action_type: 'x', description: `x ${pending}` });
    for (const asking of [ann, child])
      await expect(asking.requestApproval({ action_type: 'x', description: 'one more' })).rejects.toEqual(
        refused('limit_exceeded', 'too_many_pending'),
      );
  });

  test('is of the kind of its agent where rules ask for one, whatever it says of itself', async () => {
    await root.setApprovalRule({ rule: 'kind', action_type: 'publish', agent_type: 'release_bot', max_risk: 'high' });
    const ann = await db.session('pretender');
    const { child } = await childOf(ann, { agent_type: 'release_bot' });
    expect(await child.requestApproval({ action_type: 'publish', description: 'x' })).toMatchObject({ decided: false });
  });

  test('is one of 500 sessions of its agent, however deep they are', async () => {
    const ann = await db.session('deep');
    const children = await Promise.all(Array.from({ length: 10 }, (_, index) => childOf(ann, { name: `n${index}` })));
    await Promise.all(
      children.map(({ child }) =>
        Promise.all(Array.from({ length: 48 }, (_, index) => child.openSubagent({ name: `n${index % 19}` }))),
      ),
    );
    for (const { child } of children.slice(1)) await child.openSubagent({ name: 'n0' });
    await expect(children[0]?.child.openSubagent({ name: 'n0' })).rejects.toEqual(
      refused('limit_exceeded', 'too_many_subagents'),
    );
    await expect(ann.openSubagent({ name: 'n0' })).rejects.toEqual(refused('limit_exceeded', 'too_many_subagents'));
  });

  test('has 49 sisters at most, and a name that is not too long', async () => {
    const ann = await db.session('many');
    const opening = Array.from({ length: 60 }, (_, index) => ann.openSubagent({ name: `n${index}` }));
    const opened = (await Promise.allSettled(opening)).filter(({ status }) => status === 'fulfilled');
    expect(opened).toHaveLength(50);
    await expect(ann.openSubagent({ name: 'one-more' })).rejects.toEqual(
      refused('limit_exceeded', 'too_many_subagents'),
    );
    const long = await db.session('x'.repeat(100));
    await expect(long.openSubagent({ name: 'y'.repeat(40) })).rejects.toMatchObject({ code: 'invalid_input' });
  });
});

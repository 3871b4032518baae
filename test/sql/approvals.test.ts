import type { Coordinator } from '@agentcoord/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { action, expireApproval, keyed, requested } from '../helpers/approvals.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';

let db: TestDatabase;
let ann: TestSession;
let boss: TestSession;

beforeAll(async () => {
  db = await cloneDatabase();
  ann = await db.session('ann');
  boss = await db.session('boss', { trust: 3 });
});
afterAll(() => db?.[Symbol.asyncDispose]());

const { payload } = action;

const refused = (code: string, reason: string) =>
  expect.objectContaining({ code, details: expect.objectContaining({ reason }) });

const approve = (approval_id: string) => boss.decideApproval({ approval_id, decision: 'approve' });

describe('an approval', () => {
  test('is pending, approved by somebody else, and used once', async () => {
    const asked = await ann.requestApproval(action);
    expect(asked).toMatchObject({ decided: false, status: 'pending', decided_by: null });
    const { approval_id } = asked;
    expect(await boss.decideApproval({ approval_id, decision: 'approve', reason: 'Go.' })).toMatchObject({
      status: 'approved',
      requested_by: 'ann',
    });
    const approved = { decided: true, status: 'approved', decided_by: 'boss', decided_via: 'session', reason: 'Go.' };
    expect(await ann.checkApproval({ approval_id })).toMatchObject(approved);
    expect((await ann.useApproval({ approval_id, payload })).used).toBe(true);
    await expect(ann.useApproval({ approval_id, payload })).rejects.toEqual(refused('conflict', 'already_used'));
    expect((await ann.checkApproval({ approval_id })).used_at).not.toBeNull();
  });

  test('that is denied says why, and cannot be used', async () => {
    const approval_id = await requested(ann);
    await boss.decideApproval({ approval_id, decision: 'deny', reason: 'Not on a Friday.' });
    expect(await ann.checkApproval({ approval_id })).toMatchObject({ status: 'denied', reason: 'Not on a Friday.' });
    await expect(ann.useApproval({ approval_id, payload })).rejects.toEqual(refused('conflict', 'denied'));
  });

  test('nobody decides in time is expired, neither approved nor denied, before anything was swept', async () => {
    const approval_id = await requested(ann);
    await expireApproval(db, approval_id);
    expect(await ann.checkApproval({ approval_id })).toMatchObject({ decided: true, status: 'expired' });
    await expect(approve(approval_id)).rejects.toEqual(refused('conflict', 'approval_expired'));
    await expect(ann.useApproval({ approval_id, payload })).rejects.toEqual(refused('conflict', 'approval_expired'));
  });

  test('that is not decided cannot be used', async () => {
    const approval_id = await requested(ann);
    await expect(ann.useApproval({ approval_id, payload })).rejects.toEqual(refused('conflict', 'not_decided'));
  });

  test('holds for the same payload only, in whatever order its fields stand', async () => {
    const approval_id = await requested(ann, { payload: { b: [1, { y: 2, x: 1 }], a: 'ü' } });
    await approve(approval_id);
    for (const changed of [{}, { a: 'ü' }, { b: [{ y: 2, x: 1 }, 1], a: 'ü' }, { b: [1, { y: 2, x: 1 }], a: 'u' }]) {
      await expect(ann.useApproval({ approval_id, payload: changed })).rejects.toEqual(
        refused('conflict', 'payload_changed'),
      );
    }
    expect((await ann.useApproval({ approval_id, payload: { a: 'ü', b: [1, { x: 1, y: 2 }] } })).used).toBe(true);
  });

  test('can be used by another session of the agent that asked, which may have died, and by no other agent', async () => {
    const first = await db.session('phoenix');
    const approval_id = await requested(first);
    await approve(approval_id);
    await first.endSession();
    await expect(ann.useApproval({ approval_id, payload })).rejects.toEqual(refused('forbidden', 'not_requester'));
    const second = await db.session('phoenix');
    expect((await second.useApproval({ approval_id, payload })).used).toBe(true);
  });

  test('that was given more than a day ago cannot be used any more', async () => {
    const approval_id = await requested(ann);
    await approve(approval_id);
    await db.sql`
      update coord.approvals set decided_at = decided_at - interval '25 hours',
        requested_at = requested_at - interval '25 hours' where approval_id = ${approval_id}`;
    await expect(ann.useApproval({ approval_id, payload })).rejects.toEqual(refused('conflict', 'approval_stale'));
  });

  test('is decided once: the first decision stands', async () => {
    const approval_id = await requested(ann);
    await boss.decideApproval({ approval_id, decision: 'deny' });
    const other = await db.session('other', { trust: 4 });
    await expect(other.decideApproval({ approval_id, decision: 'approve' })).rejects.toEqual(
      refused('conflict', 'already_decided'),
    );
    expect((await ann.checkApproval({ approval_id })).status).toBe('denied');
  });

  test('of another project is as unknown as one that never was', async () => {
    const there = await db.session('there', { project: 'elsewhere' });
    const approval_id = await requested(there);
    for (const call of [
      () => ann.checkApproval({ approval_id }),
      () => ann.useApproval({ approval_id, payload }),
      () => approve(approval_id),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'not_found', message: 'There is no such approval.' });
    }
  });
});

describe('a request', () => {
  test('that is repeated while it is pending joins the first, and asks anew after the decision', async () => {
    const cat = await db.session('cat');
    const first = await requested(cat);
    expect(await requested(cat)).toBe(first);
    expect(await requested(cat, { risk: 'high' })).not.toBe(first);
    await approve(first);
    expect(await requested(cat)).not.toBe(first);
  });

  test('with the same idempotency key gets the same answer, from another session of the agent, too', async () => {
    const [one, two] = [await db.session('twin'), await db.session('twin')];
    const { approval_id } = await one.requestApproval(action, { idempotency_key: 'twin-1' });
    expect((await two.requestApproval(action, { idempotency_key: 'twin-1' })).approval_id).toBe(approval_id);
    await approve(approval_id);
    await one.useApproval({ approval_id, payload }, { idempotency_key: 'twin-2' });
    await expect(two.useApproval({ approval_id, payload }, { idempotency_key: 'twin-2' })).rejects.toMatchObject({
      code: 'conflict',
    });
  });

  test('is refused when 20 of the agent are pending, and when its payload is larger than anybody can judge', async () => {
    const busy = await db.session('busy');
    for (let index = 0; index < 20; index++) await requested(busy, { payload: { index } });
    await expect(requested(busy)).rejects.toEqual(refused('limit_exceeded', 'too_many_pending'));
    const large = requested(ann, { payload: { text: 'x'.repeat(65_536) } });
    await expect(large).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringMatching(/^payload: /) });
  });

  test('journals the hash of its payload, and not the payload', async () => {
    const approval_id = await requested(ann, { payload: { password: 'swordfish' } });
    const [row] = await db.sql`select * from coord.journal where resource = ${`approval:${approval_id}`}`;
    const [approval] = await db.sql`select payload_hash from coord.approvals where approval_id = ${approval_id}`;
    expect(row).toMatchObject({ operation: 'request_approval', detail: { payload_hash: approval?.payload_hash } });
    expect(JSON.stringify(row)).not.toContain('swordfish');
  });
});

describe('the requester cannot decide', () => {
  const refusedAsOwn = (decision: Promise<unknown>) =>
    expect(decision).rejects.toEqual(refused('forbidden', 'own_request'));
  const approvalBy = (session: Coordinator, approval_id: string) =>
    session.decideApproval({ approval_id, decision: 'approve' });

  test('in the session that asked, nor in another one of its name', async () => {
    const trusted = await db.session('trusted', { trust: 4 });
    const approval_id = await requested(trusted);
    await refusedAsOwn(approvalBy(trusted, approval_id));
    await refusedAsOwn(approvalBy(await db.session('trusted', { trust: 4 }), approval_id));
  });

  test('with a key that it has made, nor with one made with that, nor with the one it was made with', async () => {
    const root = await db.session('root-of-keys', { trust: 4 });
    const parent = await keyed(db, root, 'parent');
    const child = await keyed(db, parent, 'child');
    const grandchild = await keyed(db, child, 'grandchild');
    const stranger = await keyed(db, root, 'stranger');
    for (const [asker, decider] of [
      [parent, child],
      [parent, grandchild],
      [child, grandchild],
      [child, parent],
      [root, parent],
      [root, child],
    ] as const) {
      await refusedAsOwn(approvalBy(decider, await requested(asker)));
    }
    expect((await approvalBy(stranger, await requested(parent, { risk: 'low' }))).status).toBe('approved');
    expect((await approvalBy(root, await requested(child, { risk: 'low' }))).status).toBe('approved');
  });

  test('without trust 3, and is told so in the words of the frame', async () => {
    const approval_id = await requested(ann);
    const bob = await db.session('bob');
    await expect(approvalBy(bob, approval_id)).rejects.toEqual(refused('forbidden', 'insufficient_trust_level'));
  });
});

describe('the sweeper', () => {
  test('writes down what has expired, tells the requester once, and leaves the decided alone', async () => {
    const eve = await db.session('eve', { trust: 3 });
    const [expired, decided] = [await requested(eve, { payload: {} }), await requested(eve, { payload: { a: 1 } })];
    await approve(decided);
    await expireApproval(db, expired);
    await expireApproval(db, decided);
    await eve.sweep();
    await eve.sweep();
    expect((await eve.checkApproval({ approval_id: decided })).status).toBe('approved');
    const rows = await db.sql`
      select subject, item ->> 'status' as status from coord.inbox_items where agent = 'eve' order by item_id`;
    expect([...rows]).toEqual([
      { subject: `approval:${decided}`, status: 'approved' },
      { subject: `approval:${expired}`, status: 'expired' },
    ]);
    const [row] = await db.sql`
      select operation, outcome from coord.journal where resource = ${`approval:${expired}`} and outcome <> 'ok'`;
    expect(row).toEqual({ operation: 'sweep', outcome: 'expired' });
  });
});

test('list_approvals shows what exactly is asked, by status and page', async () => {
  const here = { project: 'listed' };
  const fay = await db.session('fay', here);
  const chief = await db.session('chief', { ...here, trust: 3 });
  const ids = [];
  for (const n of [1, 2, 3]) ids.unshift(await requested(fay, { payload: { n } }));
  await expireApproval(db, String(ids[2]));
  const { approvals } = await chief.listApprovals();
  expect(approvals.map(({ approval_id }) => approval_id)).toEqual(ids);
  expect(approvals[0]).toMatchObject({ payload: { n: 3 }, status: 'pending', requested_by: 'fay' });
  const expired = await chief.listApprovals({ status: 'expired' });
  expect(expired.approvals.map(({ approval_id }) => approval_id)).toEqual([ids[2]]);
  const next = await chief.listApprovals({ limit: 1, before: String(ids[0]) });
  expect(next.approvals.map(({ approval_id }) => approval_id)).toEqual([ids[1]]);
});

test('a page of the list ends where it would be long', async () => {
  const bulk = await db.session('bulk');
  for (let n = 0; n < 4; n++)
    await bulk.requestApproval({ action_type: 'x', description: 'x', payload: { n, text: 'x'.repeat(60_000) } });
  const page = await bulk.listApprovals({ requested_by: 'bulk' });
  expect([page.approvals.length, page.more]).toEqual([2, true]);
  const rest = await bulk.listApprovals({ requested_by: 'bulk', before: String(page.approvals[1]?.approval_id) });
  expect([rest.approvals.length, rest.more]).toEqual([2, false]);
});

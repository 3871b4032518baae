import { type Coordinator, coordinatorOver } from '@agentcoord/contract';
import { localTransport, postgresDatabase } from '@agentcoord/core';
import { httpTransport } from '@agentcoord/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startHttpServer } from './doors/http_server.ts';
import { action, expireApproval } from './helpers/approvals.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';
import { median, timed, untilListening } from './helpers/waiting.ts';

const cleanup = new AsyncDisposableStack();
let db: TestDatabase;
let boss: TestSession;
let bob: Coordinator;

/** Bob waits in connections of his own, as another process does. */
beforeAll(async () => {
  db = cleanup.use(await cloneDatabase());
  boss = await db.session('boss', { trust: 3 });
  const elsewhere = postgresDatabase({ kind: 'postgres', connection: db.connection, where: 'Elsewhere' });
  cleanup.defer(() => elsewhere.close());
  bob = coordinatorOver(
    localTransport(elsewhere, 'test', { agent: 'bob', agent_type: 'test', trust: 2, label: 'bob' }),
  );
});
afterAll(() => cleanup.disposeAsync());

/** Id of the pending request with that payload, once it is there. */
async function pendingOf(n: number): Promise<string> {
  const find = async () => {
    const { approvals } = await boss.listApprovals({ status: 'pending' });
    return approvals.find(({ payload }) => payload.n === n)?.approval_id ?? '';
  };
  await expect.poll(find, { interval: 10, timeout: 10_000 }).not.toBe('');
  return find();
}

const countOf = async (agent: string) =>
  (await boss.listApprovals({ requested_by: agent, limit: 200 })).approvals.length;

describe('an agent that waits for its approval', () => {
  test('goes on within 100 ms of the decision, in the median, in another process than who decides', async () => {
    const delays: number[] = [];
    for (let n = 0; n < 15; n++) {
      const waiting = timed(bob.requestApproval({ ...action, payload: { n }, wait_seconds: 20 }));
      const approval_id = await pendingOf(n);
      if (n === 0) await untilListening(db, 1);
      const { at } = await timed(boss.decideApproval({ approval_id, decision: n % 2 ? 'deny' : 'approve' }));
      const told = await waiting;
      expect(told.answer).toMatchObject({ approval_id, decided: true, status: n % 2 ? 'denied' : 'approved' });
      delays.push(told.at - at);
    }
    console.log(
      `waits for approval: median ${median(delays).toFixed(1)} ms, most ${Math.max(...delays).toFixed(1)} ms`,
    );
    expect(median(delays)).toBeLessThan(100);
  });

  test('asks once, however often it looks again', async () => {
    const before = await countOf('bob');
    const answer = await bob.requestApproval({ ...action, payload: { once: true }, wait_seconds: 3 });
    expect(answer).toMatchObject({ decided: false, status: 'pending' });
    expect(await countOf('bob')).toBe(before + 1);
  });

  test('is told when the time for deciding is over, and need not wait longer', async () => {
    const waiting = timed(bob.requestApproval({ ...action, payload: { n: 100 }, wait_seconds: 60 }));
    await expireApproval(db, await pendingOf(100));
    const { answer, seconds } = await waiting;
    expect(answer).toMatchObject({ decided: true, status: 'expired' });
    expect(seconds).toBeLessThan(10);
  });

  test('waits with check_approval as well', async () => {
    const { approval_id } = await bob.requestApproval({ ...action, payload: { n: 101 } });
    const waiting = bob.checkApproval({ approval_id, wait_seconds: 20 });
    await boss.decideApproval({ approval_id, decision: 'approve' });
    expect((await waiting).status).toBe('approved');
  });

  test('waits over HTTP, too, and asks once with an idempotency key of its own', async () => {
    await using server = await startHttpServer(db);
    const apiKey = await server.keyFor({ agent: 'cloud', project: 'test', trust: 2 });
    const cloud = coordinatorOver(httpTransport({ url: server.url, apiKey }));
    const input = { ...action, payload: { n: 102 }, wait_seconds: 20 };
    const waiting = cloud.requestApproval(input, { idempotency_key: 'cloud-1' });
    const approval_id = await pendingOf(102);
    await boss.decideApproval({ approval_id, decision: 'approve' });
    expect(await waiting).toMatchObject({ approval_id, status: 'approved' });
    expect(await countOf('cloud')).toBe(1);
  });
});

import { readConfig, startWebhooks, type WebhookTarget } from '@agentcoord/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { action, expireApproval, requested } from './helpers/approvals.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';
import { timed } from './helpers/waiting.ts';
import { expectedSignature, type Receiver, webhookReceiver, webhookSecret } from './helpers/webhook_receiver.ts';

let db: TestDatabase;
let ann: TestSession;
let boss: TestSession;

beforeAll(async () => {
  db = await cloneDatabase();
  ann = await db.session('ann');
  boss = await db.session('boss', { trust: 3 });
});
afterAll(() => db?.[Symbol.asyncDispose]());

const failures: string[] = [];

function senderTo({ url }: Pick<Receiver, 'url'>, more: Partial<WebhookTarget> = {}): AsyncDisposable {
  const target = { url, secret: webhookSecret, publicUrl: 'https://coordinator.example', ...more };
  const stop = startWebhooks(db.database, target, { onFailure: (line) => failures.push(line) });
  return { [Symbol.asyncDispose]: stop };
}

const outbox = async (approval_id: string) => {
  const [row] = await db.sql`
    select attempts, outcome, last_error, due_at > clock_timestamp() as rests from coord.approval_webhooks
    where approval_id = ${approval_id}`;
  return row;
};
const dueNow = (approval_id: string) =>
  db.sql`update coord.approval_webhooks set due_at = clock_timestamp() where approval_id = ${approval_id}`;
const sent = ({ received }: Receiver, approval_id: string) =>
  received.filter(({ data }) => data.approval_id === approval_id);

const poll = { timeout: 15_000, interval: 50 };

describe('a webhook', () => {
  test('is told of an approval that waits for a person, signed, with a link, and without the payload', async () => {
    await using receiver = await webhookReceiver();
    await using _ = senderTo(receiver);
    const approval_id = await requested(ann, { payload: { password: 'swordfish' } });
    await expect.poll(() => outbox(approval_id), poll).toMatchObject({ attempts: 1, outcome: 'delivered' });
    const [message] = sent(receiver, approval_id);
    expect(message?.headers).toMatchObject({ 'webhook-id': approval_id, 'content-type': 'application/json' });
    expect(message?.headers['webhook-signature']).toBe(expectedSignature(message as never));
    expect(Math.abs(Number(message?.headers['webhook-timestamp']) - Date.now() / 1000)).toBeLessThan(60);
    expect(JSON.parse(message?.body ?? '')).toMatchObject({
      type: 'approval.requested',
      data: { requested_by: 'ann', project: 'test', action_type: action.action_type, risk: 'medium' },
    });
    expect(message?.data.link).toMatch(/^https:\/\/coordinator\.example\/a\/\d+-[\w-]{43}$/);
    expect(message?.body).not.toMatch(/swordfish|token/);
  });

  test('gets no link where nobody could open it', async () => {
    await using receiver = await webhookReceiver();
    await using _ = senderTo(receiver, { publicUrl: undefined });
    const approval_id = await requested(ann, { payload: { n: 1 } });
    await expect.poll(() => sent(receiver, approval_id), poll).toHaveLength(1);
    expect(sent(receiver, approval_id)[0]?.data.link).toBeNull();
    const [row] =
      await db.sql`select count(*)::integer as links from coord.approval_links where approval_id = ${approval_id}`;
    expect(row?.links).toBe(0);
  });

  test('that refuses is asked again under the same id, after a pause, with a link that works as the first', async () => {
    await using receiver = await webhookReceiver((response, count) =>
      response.writeHead(count === 1 ? 503 : 204).end(),
    );
    await using _ = senderTo(receiver);
    const approval_id = await requested(ann, { payload: { n: 2 } });
    await expect.poll(() => outbox(approval_id), poll).toMatchObject({ last_error: 'HTTP 503', rests: true });
    expect(failures.join()).toContain(`${approval_id}: HTTP 503`);
    expect(failures.join()).not.toContain('secret-path');
    await dueNow(approval_id);
    await expect.poll(() => outbox(approval_id), poll).toMatchObject({ attempts: 2, outcome: 'delivered' });
    const [first, second] = sent(receiver, approval_id);
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect(second?.data.link).not.toBe(first?.data.link);
  });

  test('that redirects is not followed', async () => {
    await using elsewhere = await webhookReceiver();
    await using receiver = await webhookReceiver((response) =>
      response.writeHead(307, { location: elsewhere.url }).end(),
    );
    await using _ = senderTo(receiver);
    const approval_id = await requested(ann, { payload: { n: 3 } });
    await expect.poll(() => outbox(approval_id), poll).toMatchObject({ last_error: 'HTTP 307' });
    expect(elsewhere.received).toEqual([]);
  });

  test('that never answers holds nobody up: requests and decisions go on, and it is given up after 5 s', async () => {
    await using receiver = await webhookReceiver(() => {});
    await using _ = senderTo(receiver);
    const approval_id = await requested(ann, { payload: { n: 4 } });
    await expect.poll(() => sent(receiver, approval_id), poll).toHaveLength(1);
    const { seconds } = await timed(requested(ann, { payload: { n: 5 } }));
    expect(seconds).toBeLessThan(2);
    await expect
      .poll(() => outbox(approval_id), poll)
      .toMatchObject({ last_error: 'no answer within 5 s', outcome: null });
  });

  test('that is away is tried twelve times at most', async () => {
    const approval_id = await requested(ann, { payload: { n: 6 } });
    await db.sql`update coord.approval_webhooks set attempts = 11 where approval_id = ${approval_id}`;
    await using _ = senderTo({ url: 'http://127.0.0.1:9/' });
    await expect.poll(() => outbox(approval_id), poll).toMatchObject({ attempts: 12, outcome: 'given_up' });
  });

  test('is not told of what was decided meanwhile, has expired, or was approved by a rule', async () => {
    const root = await db.session('root', { trust: 4 });
    await root.setApprovalRule({ rule: 'fine', action_type: 'fine', max_risk: 'high' });
    const byRule = await requested(ann, { action_type: 'fine' });
    const decided = await requested(ann, { payload: { n: 7 } });
    await boss.decideApproval({ approval_id: decided, decision: 'deny' });
    const expired = await requested(ann, { payload: { n: 8 } });
    await expireApproval(db, expired);
    const last = await requested(ann, { payload: { n: 9 } });
    await using receiver = await webhookReceiver();
    await using _ = senderTo(receiver);
    await expect.poll(() => sent(receiver, last), poll).toHaveLength(1);
    for (const approval_id of [byRule, decided, expired]) expect(sent(receiver, approval_id)).toEqual([]);
    expect(await outbox(decided)).toMatchObject({ outcome: 'obsolete' });
  });

  test('is told once when several processes send, and again when the one that sent was killed before it knew', async () => {
    await using receiver = await webhookReceiver();
    const approval_id = await requested(ann, { payload: { n: 10 } });
    const senders = [senderTo(receiver), senderTo(receiver), senderTo(receiver)];
    await expect.poll(() => outbox(approval_id), poll).toMatchObject({ outcome: 'delivered' });
    await Promise.all(senders.map((sender) => sender[Symbol.asyncDispose]()));
    expect(sent(receiver, approval_id)).toHaveLength(1);
    const killed = await requested(ann, { payload: { n: 11 } });
    await db.database.call('take_webhooks', { p_limit: 100, p_with_links: true });
    expect(await outbox(killed)).toMatchObject({ attempts: 1, rests: true });
    await dueNow(killed);
    await using _ = senderTo(receiver);
    await expect.poll(() => outbox(killed), poll).toMatchObject({ attempts: 2, outcome: 'delivered' });
  });
});

describe('the configuration', () => {
  const url = 'https://chat.example/hook/abc';

  test('wants a secret with an address, and shows neither when it refuses', () => {
    expect(() => readConfig({ AGENTCOORD_WEBHOOK_URL: url })).toThrow('AGENTCOORD_WEBHOOK_SECRET is not');
    expect(() => readConfig({ AGENTCOORD_WEBHOOK_URL: url, AGENTCOORD_WEBHOOK_SECRET: 'short' })).toThrow(
      /^(?!.*short).*16 characters/,
    );
    for (const wrong of ['file:///etc/passwd', 'https://user:pass@chat.example/', 'chat']) {
      const environment = { AGENTCOORD_WEBHOOK_URL: wrong, AGENTCOORD_WEBHOOK_SECRET: webhookSecret };
      expect(() => readConfig(environment)).toThrow(/^AGENTCOORD_WEBHOOK_URL: /);
    }
    const config = readConfig({ AGENTCOORD_WEBHOOK_URL: url, AGENTCOORD_WEBHOOK_SECRET: webhookSecret });
    expect(config.webhook_url).toBe(url);
  });
});

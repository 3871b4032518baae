import { createApp } from '@agentcoord/http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { action, expireApproval, requested } from './helpers/approvals.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';

let db: TestDatabase;
let ann: TestSession;
let app: Awaited<ReturnType<typeof createApp>>;
let log = '';

beforeAll(async () => {
  db = await cloneDatabase();
  ann = await db.session('ann');
  const stream = { write: (line: string) => (log += line) };
  app = await createApp({ database: db.database, version: '1', logger: { level: 'trace', stream } });
});
afterAll(async () => {
  await app?.close();
  await db?.[Symbol.asyncDispose]();
});

/** A new request, and the path of its link. */
async function linked(more: object = {}): Promise<{ approval_id: string; path: string; token: string }> {
  const approval_id = await requested(ann, { payload: { n: Math.random() }, ...more });
  const token = await tokenFor(approval_id);
  return { approval_id, token, path: `/a/${token}` };
}

async function tokenFor(approval_id: string): Promise<string> {
  await db.sql`update coord.approval_webhooks set due_at = clock_timestamp() where approval_id = ${approval_id}`;
  const args = { p_limit: 100, p_with_links: true };
  const taken = (await db.database.call('take_webhooks', args)) as { approval_id: string; token: string }[];
  return taken.find((row) => row.approval_id === approval_id)?.token ?? '';
}

const form = { 'content-type': 'application/x-www-form-urlencoded' };
const decide = (path: string, payload = 'decision=approve', headers: Record<string, string> = {}) =>
  app.inject({ method: 'POST', url: path, payload, headers: { ...form, ...headers } });

const statusOf = async (approval_id: string) => (await ann.checkApproval({ approval_id })).status;

test('links that do not exist count against an address, and keep nobody from those that do', async () => {
  const { path } = await linked();
  const small = await createApp({ database: db.database, version: '1', rateLimit: { max: 3, windowSeconds: 60 } });
  const none = `/a/1-${'x'.repeat(43)}`;
  const statuses: number[] = [];
  for (let index = 0; index < 5; index++) statuses.push((await small.inject(none)).statusCode);
  expect(statuses).toEqual([404, 404, 404, 429, 429]);
  expect((await small.inject(path)).statusCode).toBe(200);
  await small.close();
});

describe('a link', () => {
  test('shows what will be done, and its form decides, without any login', async () => {
    const { approval_id, path } = await linked({ payload: { command: 'rm -rf /srv', n: 1 } });
    const page = await app.inject(path);
    expect(page.statusCode).toBe(200);
    for (const text of ['rm -rf /srv', 'ann', action.action_type, action.description])
      expect(page.body).toContain(text);
    const done = await decide(path, 'decision=approve&reason=Fine%0D%0Aby+me');
    expect(done).toMatchObject({ statusCode: 200, body: expect.stringContaining('<h1>Approved</h1>') });
    expect(await ann.checkApproval({ approval_id })).toMatchObject({
      ...{ status: 'approved', decided_by: 'link', decided_via: 'link', reason: 'Fine by me' },
    });
    const [row] = await db.sql`
      select operation, outcome, detail from coord.journal
      where resource = ${`approval:${approval_id}`} and operation = 'decide_approval'`;
    expect(row).toMatchObject({ outcome: 'ok', detail: { status: 'approved', via: 'link', reason: 'Fine by me' } });
  });

  test('denies, too', async () => {
    const { approval_id, path } = await linked();
    expect((await decide(path, 'decision=deny')).body).toContain('<h1>Denied</h1>');
    expect(await statusOf(approval_id)).toBe('denied');
  });

  test('decides nothing when it is only looked at, however often, and by whatever method but POST', async () => {
    const { approval_id, path } = await linked();
    for (const method of ['GET', 'HEAD', 'GET', 'OPTIONS', 'PUT', 'PATCH', 'DELETE'] as const) {
      const { statusCode } = await app.inject({
        method,
        url: `${path}?decision=approve`,
        headers: { purpose: 'prefetch' },
      });
      expect([200, 405]).toContain(statusCode);
    }
    expect(await statusOf(approval_id)).toBe('pending');
  });

  test('works once: afterwards it tells the decision and nothing else', async () => {
    const { approval_id, path } = await linked({ payload: { secret: 'swordfish' } });
    await decide(path, 'decision=deny');
    expect(await decide(path)).toMatchObject({ statusCode: 409, body: expect.stringContaining('It was denied.') });
    const again = await app.inject(path);
    expect(again).toMatchObject({ statusCode: 410, body: expect.stringContaining('It was denied.') });
    expect(again.body).not.toContain('swordfish');
    expect(await statusOf(approval_id)).toBe('denied');
  });

  test('ends with the decision of somebody else, and so do all links of one approval', async () => {
    const { approval_id, path } = await linked();
    const second = `/a/${await tokenFor(approval_id)}`;
    expect(second).not.toBe(path);
    expect((await decide(second)).statusCode).toBe(200);
    expect((await decide(path, 'decision=deny')).statusCode).toBe(409);
    expect(await statusOf(approval_id)).toBe('approved');
  });

  test('ends with the time for deciding', async () => {
    const { approval_id, path } = await linked();
    await expireApproval(db, approval_id);
    expect(await app.inject(path)).toMatchObject({ statusCode: 410, body: expect.stringContaining('Too late') });
    expect(await decide(path)).toMatchObject({ statusCode: 409, body: expect.stringContaining('Too late') });
    expect(await statusOf(approval_id)).toBe('expired');
  });

  test('that was never made, mistyped, or is of another project, leads nowhere', async () => {
    const { approval_id, token } = await linked();
    const secret = token.slice(token.indexOf('-'));
    for (const wrong of [
      'x',
      `1${token}`,
      `0${secret}`,
      `9999999999${secret}`,
      `${token}x`,
      token.slice(0, -1),
      `2${secret}`,
    ]) {
      expect((await app.inject(`/a/${wrong}`)).statusCode, wrong).toBe(404);
      expect((await decide(`/a/${wrong}`)).statusCode, wrong).toBe(404);
    }
    expect(await statusOf(approval_id)).toBe('pending');
  });

  test('with two answers at once is decided once', async () => {
    const { approval_id, path } = await linked();
    const answers = await Promise.all(
      ['approve', 'deny', 'approve', 'deny'].map((word) => decide(path, `decision=${word}`)),
    );
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, 409, 409, 409]);
    const won = answers.find(({ statusCode }) => statusCode === 200)?.body.includes('<h1>Approved');
    expect(await statusOf(approval_id)).toBe(won ? 'approved' : 'denied');
  });

  test('takes no answer but its own form', async () => {
    const { approval_id, path } = await linked();
    for (const body of ['', 'decision=', 'decision=yes', 'reason=approve', 'decision=Approve']) {
      expect((await decide(path, body)).statusCode, body).toBe(400);
    }
    const json = await app.inject({ method: 'POST', url: path, payload: { decision: 'approve' } });
    expect(json.statusCode).toBe(415);
    expect((await decide(path, `decision=approve&reason=${'x'.repeat(40_000)}`)).statusCode).toBe(413);
    for (const origin of ['https://evil.example', 'null']) {
      expect((await decide(path, 'decision=approve', { origin })).statusCode).toBe(403);
    }
    expect(await statusOf(approval_id)).toBe('pending');
    expect(
      (await decide(path, 'decision=approve', { host: 'localhost:80', origin: 'http://localhost:80' })).statusCode,
    ).toBe(200);
  });
});

describe('the page', () => {
  test('shows markup as text, runs and loads nothing, and names what cannot be seen', async () => {
    const evil = '</pre><script>alert(1)</script><img src=x onerror=alert(1)>"\'&';
    const { approval_id, path } = await linked({ description: evil, payload: { [evil]: evil } });
    // No door lets such characters in; this is what would happen to some that came another way.
    await db.sql`
      update coord.approvals set description = description || ${'\u202egnp.exe\u200b'} where approval_id = ${approval_id}`;
    const { body, headers } = await app.inject(path);
    expect(body).not.toMatch(/<(script|img)/);
    expect(body).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(body).toContain('[U+202E]gnp.exe[U+200B]');
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'/,
    );
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      'x-robots-tag': 'noindex, nofollow',
    });
    expect(body).not.toMatch(/<[^>]*(src|href|action)=/);
  });

  test('says in words when the database is away', async () => {
    const { wakeups: _, ...database } = db.database;
    const away = { ...database, call: () => Promise.reject(new Error('secret words of the driver')) };
    const broken = await createApp({ database: away, version: '1' });
    const { path } = await linked();
    const { statusCode, headers, body } = await broken.inject(path);
    expect([statusCode, headers['content-type']]).toEqual([500, 'text/html; charset=utf-8']);
    expect(body).not.toContain('secret words');
    await broken.close();
  });
});

test('no token is in the log, in the journal, or in any table', async () => {
  const { token, path } = await linked();
  await app.inject(path);
  await app.inject(`${path}/more`);
  await decide(path);
  expect(log).toContain('"path":"/a/<secret>"');
  const secret = token.slice(token.indexOf('-') + 1);
  expect(log).not.toContain(secret);
  const tables = await db.sql<{ name: string }[]>`
    select relname as name from pg_class where relnamespace = 'coord'::regnamespace and relkind = 'r'`;
  for (const { name } of tables) {
    const [row] = await db.sql.unsafe(`select string_agg(t::text, '|') as text from coord.${name} t`);
    expect(row?.text ?? '', name).not.toContain(secret);
  }
});

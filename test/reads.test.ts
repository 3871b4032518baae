import { hash } from 'node:crypto';
import { coordinatorOver } from '@agentcoord/contract';
import { type Database, localTransport, tokenSigner } from '@agentcoord/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';
import { fillProject } from './helpers/filled_project.ts';
import {
  isPostgrestMissing,
  jwtSecret,
  publishableKey,
  secretKey,
  startPostgrest,
  userToken,
} from './helpers/postgrest.ts';
import { tablesWith } from './helpers/tables_with.ts';

const missing = isPostgrestMissing();
if (missing) console.log(`Reads through PostgREST: not tried, because ${missing}`);

const [member, other] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'];
const sign = tokenSigner(jwtSecret);

describe.skipIf(missing)('a dashboard that reads through PostgREST', () => {
  const cleanup = new AsyncDisposableStack();
  const admins = new Map<string, TestSession>();
  let db: TestDatabase;
  let url: string;

  beforeAll(async () => {
    db = cleanup.use(await cloneDatabase());
    for (const project of ['mine', 'theirs', 'open']) admins.set(project, await fillProject(db, project));
    await of('mine').addProjectMember({ user_id: member });
    await of('theirs').addProjectMember({ user_id: other });
    await of('open').setProjectVisibility({ visibility: 'public' });
    url = cleanup.use(await startPostgrest(db)).url;
  });
  afterAll(() => cleanup.disposeAsync());

  const of = (project: string) => admins.get(project) as TestSession;

  async function get(path: string, token?: string, key = publishableKey, method = 'GET', body?: string) {
    const headers = {
      ...{ apikey: key, 'content-type': 'application/json' },
      ...{ 'accept-profile': 'coord', 'content-profile': 'coord' },
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    const init = body === undefined ? { method, headers } : { method, headers, body };
    const response = await fetch(`${url}/rest/v1/${path}`, init);
    return { status: response.status, body: await response.json().catch(() => undefined) };
  }

  /** Names of the projects of which rows of the table are shown; the status when there are none to be had. */
  async function projectsOf(table: string, token?: string): Promise<string[] | number> {
    const { status, body } = await get(`${table}?select=project_id`, token);
    if (status !== 200) return status;
    const names = await db.sql<{ name: string; project_id: number }[]>`select name, project_id from coord.projects`;
    const nameOf = (id: number) => names.find(({ project_id }) => project_id === id)?.name ?? '?';
    return [...new Set((body as { project_id: number }[]).map(({ project_id }) => nameOf(project_id)))].sort();
  }

  const tokenOf = async (project: string) => (await of(project).createReadToken()).token;

  /** As another one would have been signed. */
  function changed(token: string, change: object): string {
    const [, claims = ''] = token.split('.');
    return sign({ ...JSON.parse(Buffer.from(claims, 'base64url').toString()), ...change });
  }

  test.each([
    ['without a login, public projects', undefined, ['open']],
    ['a member, his own and public ones', () => userToken(member), ['mine', 'open']],
    ['a member of another, his own and public ones', () => userToken(other), ['open', 'theirs']],
    ['a token of a project, that one and public ones', () => tokenOf('mine'), ['mine', 'open']],
    ['a token of the other project, that one and public ones', () => tokenOf('theirs'), ['open', 'theirs']],
  ])('sees %s, and what is confidential of its own alone', async (_, make, expected) => {
    const token = await make?.();
    for (const table of ['locks', 'tasks', 'sessions', 'journal', 'projects', 'threads', 'handoffs']) {
      expect([table, await projectsOf(table, token)]).toEqual([table, expected]);
    }
    const own = expected.filter((name) => name !== 'open');
    for (const table of ['approvals', 'approval_rules', 'inbox_items']) {
      expect([table, await projectsOf(table, token)]).toEqual([table, own]);
    }
  });

  test('sees in the journal of a public project what was done there, and nothing of approvals, keys and refusals', async () => {
    const worker = await db.session('worker', { project: 'open' });
    await expect(worker.listKeys()).rejects.toMatchObject({ code: 'forbidden' });
    const { body } = await get('journal?select=operation,outcome&operation=neq.sweep');
    const shown = new Set((body as { operation: string }[]).map(({ operation }) => operation));
    for (const operation of ['acquire_lock', 'submit_work', 'create_thread']) expect(shown).toContain(operation);
    const members = ['send_message', 'request_approval', 'create_key', 'set_approval_rule', 'list_keys'];
    for (const operation of members) expect(shown).not.toContain(operation);
    await of('open').addProjectMember({ user_id: member });
    const all = await get('journal?select=operation', userToken(member));
    const seen = new Set((all.body as { operation: string }[]).map(({ operation }) => operation));
    for (const operation of members) expect(seen).toContain(operation);
    await of('open').removeProjectMember({ user_id: member });
  });

  test('sees nothing any more from the moment in which its user is removed, or the project private', async () => {
    const user = '33333333-3333-4333-8333-333333333333';
    await of('mine').addProjectMember({ user_id: user });
    expect(await projectsOf('tasks', userToken(user))).toEqual(['mine', 'open']);
    await of('mine').removeProjectMember({ user_id: user });
    await of('open').setProjectVisibility({ visibility: 'private' });
    expect(await projectsOf('tasks', userToken(user))).toEqual([]);
    expect(await projectsOf('tasks')).toEqual([]);
    await of('open').setProjectVisibility({ visibility: 'public' });
  });

  describe('with a token that is worth nothing', () => {
    const nothing: [title: string, make: (token: string) => string | Promise<string>][] = [
      ['of another secret', (token) => tokenSigner('x'.repeat(64))(claimsOf(token))],
      ['without signature (alg none)', (token) => unsigned(token, 'none')],
      ['without signature (alg None)', (token) => unsigned(token, 'None')],
      ['that was changed', (token) => swapped(token)],
      ['that expired an hour ago', (token) => changed(token, { exp: Math.floor(Date.now() / 1000) - 3600 })],
      ['that asks for a role of its own', (token) => changed(token, { role: 'coord_owner' })],
      ['that asks for the superuser', (token) => changed(token, { role: 'postgres' })],
      ['that is none', () => 'password'],
    ];

    test.each(nothing)('%s is refused', async (_, make) => {
      const token = await make(await tokenOf('mine'));
      const { status, body } = await get('tasks', token);
      expect([400, 401, 403]).toContain(status);
      expect(JSON.stringify(body)).not.toContain(token);
    });

    test.each<[string, (token: string) => string | Promise<string>]>([
      ['that expired a moment ago', (token) => changed(token, { exp: Math.floor(Date.now() / 1000) - 1 })],
      ['without an end', (token) => changed(token, { exp: undefined })],
      ['of another version', (token) => changed(token, { coord_project: { id: 1, version: 99 } })],
      ['of a project as a text', (token) => changed(token, { coord_project: { id: '1', version: '1' } })],
      ['of no project', (token) => changed(token, { coord_project: null })],
      ['with a user that is no UUID', (token) => changed(token, { coord_project: null, sub: 'ann' })],
    ])('%s reads what everybody reads', async (_, make) => {
      expect(await projectsOf('tasks', await make(await tokenOf('mine')))).toEqual(['open']);
    });

    const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

    function unsigned(token: string, alg: string): string {
      const header = Buffer.from(JSON.stringify({ alg, typ: 'JWT' })).toString('base64url');
      return `${header}.${token.split('.')[1]}.`;
    }

    function swapped(token: string): string {
      const [header, , signature] = token.split('.');
      const claims = { ...claimsOf(token), coord_project: { id: 2, version: 1 } };
      return `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`;
    }

    test('that the project has revoked reads what everybody reads; one that is made afterwards is good', async () => {
      const token = await tokenOf('mine');
      await of('mine').revokeReadTokens();
      expect(await projectsOf('tasks', token)).toEqual(['open']);
      expect(await projectsOf('tasks', await tokenOf('mine'))).toEqual(['mine', 'open']);
    });
  });

  test('is not told where a row lies and which transaction wrote it', async () => {
    for (const table of ['tasks', 'locks', 'journal', 'handoffs', 'sessions']) {
      for (const column of ['ctid', 'xmin', 'tableoid']) {
        expect([table, column, (await get(`${table}?select=${column}`, userToken(member))).status]).toEqual([
          table,
          column,
          403,
        ]);
      }
    }
    expect(await get('tasks?limit=1', userToken(member))).toMatchObject({
      status: 200,
      body: [{ title: expect.any(String) }],
    });
  });

  test('changes nothing, whoever it is', async () => {
    const tokens = [undefined, userToken(member), await tokenOf('mine')];
    for (const token of tokens) {
      for (const [method, path, body] of [
        ['POST', 'tasks', '{"title":"x"}'],
        ['PATCH', 'locks?path=eq.a.ts', '{"session_id":null}'],
        ['DELETE', 'journal?project_id=gt.0'],
        ['POST', 'project_members', `{"project_id":2,"user_id":"${member}"}`],
        ['PATCH', 'projects?project_id=gt.0', '{"is_public":true}'],
        ['POST', 'rpc/add_project_member', `{"p_caller":{"project_id":2,"trust":4},"p_user_id":"${member}"}`],
        ['POST', 'rpc/open_project', '{"p_name":"mine"}'],
        ['POST', 'rpc/sweep_projects', '{}'],
      ] as const) {
        expect([method, path, (await get(path, token, publishableKey, method, body)).status]).toEqual([
          method,
          path,
          token === undefined ? 401 : 403,
        ]);
      }
    }
  });

  test('is no service: the secret key reads no table, and executes operations', async () => {
    expect((await get('tasks', undefined, secretKey)).status).toBe(403);
    expect(await get('rpc/schema_version', undefined, secretKey, 'POST', '{}')).toMatchObject({ status: 200 });
  });

  test('finds no table of keys, links and kept answers', async () => {
    const hidden = ['api_keys', 'approval_links', 'approval_webhooks', 'idempotency_keys', 'notices', 'looks'];
    for (const table of hidden) {
      for (const token of [undefined, userToken(member), await tokenOf('mine')]) {
        expect([table, await projectsOf(table, token)]).toEqual([table, token === undefined ? 401 : 403]);
      }
    }
  });
});

describe('a token for reading', () => {
  test('is made by administrators alone, ends when they say, and stands nowhere in the database', async () => {
    await using db = await cloneDatabase();
    const root = await db.session('root', { trust: 4 });
    const worker = await db.session('worker', { trust: 3 });
    await expect(worker.createReadToken()).rejects.toMatchObject({ code: 'forbidden' });
    const made = await root.createReadToken({ expires_in_minutes: 5 }, { idempotency_key: 'once' });
    expect(Date.parse(made.expires_at) - Date.now()).toBeLessThanOrEqual(300_000);
    expect(await root.createReadToken({ expires_in_minutes: 5 }, { idempotency_key: 'once' })).toEqual(made);
    for (const part of [made.token, made.token.split('.')[2], jwtSecret, hash('sha256', jwtSecret, 'hex')]) {
      expect(await tablesWith(db, String(part))).toEqual([]);
    }
  });

  test('is refused where the process has no secret to sign it with', async () => {
    await using db = await cloneDatabase();
    const { signToken: _, ...database } = db.database;
    const refusal = openAs(database).createReadToken();
    await expect(refusal).rejects.toMatchObject({
      code: 'conflict',
      hint: expect.stringContaining('AGENTCOORD_JWT_SECRET'),
    });
  });
});

function openAs(database: Database) {
  const root = { agent: 'root', agent_type: 'test', trust: 4, label: 'root' };
  return coordinatorOver(localTransport(database, 'test', root));
}

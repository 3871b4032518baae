import { hash } from 'node:crypto';
import type { Coordinator } from '@agentcoord/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectId, speakAs } from '../helpers/callers.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { authenticate as authenticateIn, makeKey as makeKeyIn, secretOf } from '../helpers/keys.ts';
import { tablesWith } from '../helpers/tables_with.ts';

let db: TestDatabase;
let project_id: number;
let admin: TestSession;

beforeAll(async () => {
  db = await cloneDatabase();
  project_id = await projectId(db);
  admin = await db.session('admin', { trust: 4 });
});
afterAll(() => db?.[Symbol.asyncDispose]());

const dead = { code: 'unauthenticated', hint: expect.stringMatching(/\w/) };

const authenticate = (key_id: string, secret: string) => authenticateIn(db, key_id, secret);

const makeKey = (input: Partial<Parameters<Coordinator['createKey']>[0]> = {}) => makeKeyIn(db, admin, input);

const expire = (key_id: string) =>
  db.sql`update coord.api_keys set expires_at = clock_timestamp() - interval '1 second' where key_id = ${key_id}`;

describe('a key', () => {
  test('is known by its secret alone', async () => {
    const { key_id, api_key } = await makeKey({ trust: 3 });
    const known = { project_id, expires_at: null };
    expect(await authenticate(key_id, secretOf(api_key))).toEqual(known);
    expect(
      await authenticate(
        key_id,
        secretOf(api_key).replace(/^./, (first) => (first === 'a' ? 'b' : 'a')),
      ),
    ).toBeNull();
    expect(await authenticate('000000000000', secretOf(api_key))).toBeNull();
  });

  test('stands nowhere in the database but as a hash, even when it was asked for with an idempotency key', async () => {
    const { api_key } = await admin.createKey({ agent: 'cloud' }, { idempotency_key: 'make' });
    const secret = secretOf(api_key);
    expect(await tablesWith(db, secret)).toEqual([]);
    expect(await tablesWith(db, hash('sha256', secret, 'hex'))).toEqual(['coord.api_keys']);
  });

  test('is told again to nobody: a repetition says so', async () => {
    await admin.createKey({ agent: 'cloud' }, { idempotency_key: 'again' });
    const refusal = { code: 'conflict', hint: expect.stringContaining('revoke') };
    await expect(admin.createKey({ agent: 'cloud' }, { idempotency_key: 'again' })).rejects.toMatchObject(refusal);
  });

  test('is worth nothing once it has expired, and what was held with it is free', async () => {
    const { key_id, api_key, speaker } = await makeKey({ expires_in_days: 1 });
    await speaker.acquireLock({ paths: ['expired.ts'] });
    await expire(key_id);
    await db.sql`
      update coord.sessions set lease_expires_at = clock_timestamp() - interval '3 seconds', fresh_until = '-infinity'
      where key_id = ${key_id}`;
    expect(await authenticate(key_id, secretOf(api_key))).toBeNull();
    await expect(speaker.acquireLock({ paths: ['b.ts'] })).rejects.toMatchObject(dead);
    await expect(speaker.registerSession()).rejects.toMatchObject(dead);
    expect(await admin.acquireLock({ paths: ['expired.ts'] })).toMatchObject({ acquired: true });
  });

  test('lends its sessions no more life than it has itself', async () => {
    const { expires_at, speaker } = await makeKey({ expires_in_days: 1 });
    for (const beats of [false, true]) {
      const { session_id, lease_expires_at } = await speaker.registerSession({ beats });
      expect(Date.parse(String(lease_expires_at))).toBeLessThanOrEqual(Date.parse(String(expires_at)));
      expect(session_id).toMatch(/-/);
    }
  });

  test('cannot be trusted more than its maker', async () => {
    const { speaker } = await makeKey({ trust: 4 });
    expect((await speaker.createKey({ agent: 'next', trust: 4 })).trust).toBe(4);
    const elevated = (await makeKey({ trust: 3 })).speaker;
    await expect(elevated.createKey({ agent: 'next', trust: 0 })).rejects.toMatchObject({ code: 'forbidden' });
  });

  test('ends with its sessions: no heartbeat reaches beyond its expiry', async () => {
    const { key_id } = await makeKey();
    const [row] = await db.sql`
      update coord.api_keys set expires_at = clock_timestamp() + interval '20 seconds' where key_id = ${key_id}
      returning expires_at`;
    const { session_id } = await speakAs(db, { project_id, key_id }).registerSession({ beats: true });
    const beating = speakAs(db, { project_id, key_id, session_id });
    const { lease_expires_at } = await beating.heartbeat();
    expect(Date.parse(String(lease_expires_at))).toBeLessThanOrEqual(Number(row?.expires_at));
  });
});

describe('revoking a key', () => {
  test('ends its sessions, frees what they held, and counts the attempt', async () => {
    const { key_id, api_key, speaker } = await makeKey();
    const { session_id } = await speaker.registerSession();
    const session = speakAs(db, { project_id, key_id, session_id });
    await session.acquireLock({ paths: ['revoked.ts'] });
    const { task_id } = await session.submitWork({ title: 'revoked', type: 'revoked', retry_seconds: 0 });
    await session.getWork({ types: ['revoked'] });
    expect(await admin.revokeKey({ key_id })).toMatchObject({ ended_sessions: 1 });
    await expect(session.checkLocks()).rejects.toMatchObject(dead);
    await expect(speaker.checkLocks()).rejects.toMatchObject(dead);
    expect(await authenticate(key_id, secretOf(api_key))).toBeNull();
    expect(await admin.acquireLock({ paths: ['revoked.ts'] })).toMatchObject({ acquired: true });
    expect(await admin.getTask({ task_id })).toMatchObject({ status: 'ready', attempts: 1 });
  });

  test('waits for no call that is under way: the key is revoked, and the sweeper ends what is left', async () => {
    const { key_id, api_key, speaker } = await makeKey();
    const { session_id } = await speaker.registerSession();
    await db.sql.begin(async (sql) => {
      await sql`select from coord.sessions where session_id = ${session_id} for update`;
      expect(await admin.revokeKey({ key_id })).toMatchObject({ key_id, ended_sessions: 0 });
      expect(await authenticate(key_id, secretOf(api_key))).toBeNull();
    });
    await admin.sweep();
    await expect(speakAs(db, { project_id, key_id, session_id }).checkLocks()).rejects.toMatchObject(dead);
  });

  test('twice keeps the first time', async () => {
    const { key_id } = await makeKey();
    const { revoked_at } = await admin.revokeKey({ key_id });
    expect(await admin.revokeKey({ key_id })).toEqual({ key_id, revoked_at, ended_sessions: 0 });
  });

  test('of another project is answered as if there were none', async () => {
    const { key_id } = await makeKey();
    const stranger = await db.session('stranger', { project: 'other', trust: 4 });
    const refusals = [key_id, 'aaaaaaaaaaaa'].map((id) =>
      stranger.revokeKey({ key_id: id }).catch(({ message }) => message),
    );
    const [others, unknown] = await Promise.all(refusals);
    expect(others).toBe(unknown);
    expect((await stranger.listKeys()).keys).toEqual([]);
    expect((await admin.listKeys()).keys.find((key) => key.key_id === key_id)?.revoked_at).toBeNull();
  });
});

describe('a session', () => {
  test('of a key answers to nobody else: not to another key, not without a key, not in another project', async () => {
    const { key_id, speaker } = await makeKey();
    const { session_id } = await speaker.registerSession();
    const other = (await makeKey({ agent: 'cloud' })).key_id;
    const local = { agent: 'cloud', agent_type: 'test', trust: 4 };
    const impostors = [
      { project_id, key_id: other, session_id },
      { project_id, ...local, session_id },
      { project_id: await projectId(db, 'other'), key_id, session_id },
    ];
    for (const caller of impostors) await expect(speakAs(db, caller).endSession()).rejects.toMatchObject(dead);
    expect(await speakAs(db, { project_id, key_id, session_id }).heartbeat()).toMatchObject({ session_id });
  });

  test('of a local process answers to no key', async () => {
    const { key_id } = await makeKey();
    const { session_id } = await db.session('local');
    await expect(speakAs(db, { project_id, key_id, session_id }).endSession()).rejects.toMatchObject(dead);
  });
});

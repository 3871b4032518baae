import type { Coordinator } from '@agentcoord/contract';
import { importKeys, type KeyParts, keyParts, readConfig } from '@agentcoord/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectId, speakAs } from '../helpers/callers.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { authenticate, makeKey, secretOf } from '../helpers/keys.ts';
import { notPermitted, refused } from '../helpers/refusals.ts';
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

const key = (input: Partial<Parameters<Coordinator['createKey']>[0]> = {}) => makeKey(db, admin, input);

describe('the scopes of a key', () => {
  test('are all that it is for, by operation, toolset, read or write', async () => {
    const { speaker, scopes } = await key({ scopes: ['locks', 'submit_work'] });
    expect(scopes).toEqual(['locks', 'submit_work']);
    await speaker.acquireLock({ paths: ['scoped.ts'] });
    await speaker.submitWork({ title: 'x' });
    await expect(speaker.getWork()).rejects.toEqual(notPermitted);
    await expect(speaker.discoverAgents()).rejects.toEqual(notPermitted);
    expect(await speaker.getMyProfile()).toMatchObject({ scopes: ['locks', 'submit_work'], trust: 2 });
    const reader = (await key({ scopes: ['read'] })).speaker;
    await reader.discoverAgents();
    await expect(reader.submitWork({ title: 'x' })).rejects.toEqual(notPermitted);
  });

  test('give no trust, and mean something', async () => {
    const { speaker } = await key({ trust: 1, scopes: ['locks'] });
    await expect(speaker.acquireLock({ paths: ['x.ts'] })).rejects.toEqual(
      refused('forbidden', 'insufficient_trust_level'),
    );
    await expect(key({ scopes: ['lock'] })).rejects.toMatchObject({ code: 'invalid_input' });
  });

  test('of an administrator bound those of the keys that it makes', async () => {
    const { speaker } = await key({ trust: 4, scopes: ['admin', 'locks'] });
    const tooMuch = { code: 'forbidden', message: expect.stringContaining('scopes') };
    for (const scopes of [undefined, ['work'], ['admin', 'write']])
      await expect(speaker.createKey({ agent: 'next', ...(scopes ? { scopes } : {}) })).rejects.toMatchObject(tooMuch);
    expect(await speaker.createKey({ agent: 'next', scopes: ['acquire_lock'] })).toMatchObject({ trust: 2 });
    const { key_id } = await key();
    await expect(speaker.rotateKey({ key_id })).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('rotating a key', () => {
  test('makes one like it, and both work until the old one has expired', async () => {
    const old = await key({ trust: 3, scopes: ['locks'], description: 'laptop', expires_in_days: 9 });
    await old.speaker.acquireLock({ paths: ['rotated.ts'] });
    const made = await admin.rotateKey({ key_id: old.key_id, overlap_seconds: 60 });
    expect(made).toMatchObject({ agent: 'cloud', trust: 3, scopes: ['locks'], rotated_from: old.key_id });
    expect(Date.parse(made.old_expires_at)).toBeLessThan(Date.now() + 61_000);
    for (const { key_id, api_key } of [old, made])
      expect(await authenticate(db, key_id, secretOf(api_key))).toMatchObject({ project_id });
    const next = speakAs(db, { project_id, key_id: made.key_id });
    expect(await next.acquireLock({ paths: ['rotated.ts'] })).toMatchObject({ acquired: false });
    const [row] =
      await db.sql`select lease_expires_at = valid_until as same, valid_until from coord.sessions where key_id = ${old.key_id}`;
    expect(row).toMatchObject({ same: true });
    expect(new Date(row?.valid_until).getTime()).toBeLessThan(Date.now() + 61_000);
    const { keys } = await admin.listKeys();
    expect(keys.find(({ key_id }) => key_id === made.key_id)).toMatchObject({
      description: 'laptop',
      rotated_from: old.key_id,
    });
  });

  test('leaves two of a line alive at most, also when it is done twice at once', async () => {
    const { key_id } = await key();
    const both = await Promise.allSettled([admin.rotateKey({ key_id }), admin.rotateKey({ key_id })]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const made = both.find((each) => each.status === 'fulfilled')?.value as { key_id: string };
    await expect(admin.rotateKey({ key_id: made.key_id })).rejects.toEqual(refused('conflict', 'key_rotated'));
    await admin.revokeKey({ key_id });
    await admin.rotateKey({ key_id: made.key_id });
  });

  test('with no overlap ends the old one and its sessions at once', async () => {
    const old = await key();
    await old.speaker.checkLocks();
    await admin.rotateKey({ key_id: old.key_id, overlap_seconds: 0 });
    expect(await authenticate(db, old.key_id, secretOf(old.api_key))).toBeNull();
    await expect(old.speaker.checkLocks()).rejects.toMatchObject(dead);
  });

  test('of a key that is dead, or of another project, is answered as if there were none', async () => {
    const { key_id } = await key();
    await admin.revokeKey({ key_id });
    const stranger = await db.session('stranger', { project: 'other', trust: 4 });
    const living = (await key()).key_id;
    const tried = [
      admin.rotateKey({ key_id }),
      admin.rotateKey({ key_id: 'aaaaaaaaaaaa' }),
      stranger.rotateKey({ key_id: living }),
    ];
    const words = await Promise.all(tried.map((attempt) => attempt.catch((error) => JSON.stringify(error))));
    expect(new Set(words).size).toBe(1);
    expect(words[0]).toContain('not_found');
  });

  test('makes no second owner: who had the old one does not decide what the new one asks', async () => {
    const old = await key({ trust: 3, agent: 'rotator' });
    const made = await admin.rotateKey({ key_id: old.key_id });
    const { approval_id } = await old.speaker.requestApproval({ action_type: 'x', description: 'x' });
    const next = speakAs(db, { project_id, key_id: made.key_id });
    await expect(next.decideApproval({ approval_id, decision: 'approve' })).rejects.toEqual(
      refused('forbidden', 'own_request'),
    );
  });
});

describe('a key of the configuration', () => {
  const chosen = 'a-key-that-people-chose';

  test('is known by its hash to the project that imported it first, and journalled once', async () => {
    expect(await importKeys(db.database, 'test', [{ agent: 'ann', key: chosen }])).toEqual([]);
    expect(await importKeys(db.database, 'test', [{ agent: 'ann', key: chosen }])).toEqual([]);
    const { key_id, secret_hash } = keyParts(chosen) as KeyParts;
    const known = await db.database.call('authenticate_key', { p_key_id: key_id, p_secret_hash: secret_hash });
    expect(known).toEqual({ project_id, expires_at: null });
    const rows = await db.sql`select operation, detail from coord.journal where resource = ${`key:${key_id}`}`;
    expect(rows).toEqual([{ operation: 'create_key', detail: { agent: 'ann', trust: 2, imported: true } }]);
    const speaker = speakAs(db, { project_id, key_id });
    expect(await speaker.registerSession()).toMatchObject({ agent: 'ann', trust: 2 });
    const [complaint] = await importKeys(db.database, 'other', [{ key: chosen }]);
    expect(complaint).toContain(key_id);
    expect(complaint).not.toContain(chosen);
    expect(await tablesWith(db, chosen)).toEqual([]);
  });

  test('that was revoked stays so, whoever starts with it', async () => {
    const again = 'another-key-that-people-chose';
    await importKeys(db.database, 'test', [{ key: again }]);
    const { key_id, secret_hash } = keyParts(again) as KeyParts;
    await admin.revokeKey({ key_id });
    expect(await importKeys(db.database, 'test', [{ key: again }])).toHaveLength(1);
    expect(await db.database.call('authenticate_key', { p_key_id: key_id, p_secret_hash: secret_hash })).toBeNull();
  });

  test('is 16 characters or longer, may name its agent, and is never printed', () => {
    const read = (value: string) => readConfig({ COORDINATION_API_KEYS: value }).chosen_keys;
    expect(read(`ann:${chosen}, ${chosen}2,, \${CLOUD_KEY}`)).toEqual([
      { agent: 'ann', key: chosen },
      { key: `${chosen}2` },
    ]);
    expect(read(`\${COORDINATION_API_KEYS}`)).toEqual([]);
    expect(readConfig({}).chosen_keys).toEqual([]);
    for (const bad of [
      'short',
      'ann:short',
      `${chosen},hunter2hunter`,
      'ac_abcdefghij01_mistyped',
      'a key with blanks in it',
    ])
      expect(() => read(bad)).toThrow(/^COORDINATION_API_KEYS: key \d must be 16 to 200/);
    expect(() => read(`${chosen},hunter2hunter`)).not.toThrow(/hunter|chose/);
  });
});

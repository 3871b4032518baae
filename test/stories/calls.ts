import { expect, test } from 'vitest';
import type { Door } from '../doors/door.ts';
import { refusalOf, type Story } from './story.ts';

/** What holds for calls of every kind: repetition, and what a caller is trusted to do. */
export function tellOfCalls(door: Door, story: () => Story): void {
  test.runIf(door.idempotent)('a call repeated with its idempotency key has one effect and one answer', async () => {
    const ann = await story().enter('ann');
    const once = { idempotency_key: 'once' };
    const first = await ann.submitWork({ title: 'once', type: 'once' }, once);
    expect(await ann.submitWork({ title: 'once', type: 'once' }, once)).toEqual(first);
    expect((await ann.listTasks({ type: 'once' })).tasks).toHaveLength(1);
    expect(await refusalOf(ann.submitWork({ title: 'twice', type: 'once' }, once))).toMatchObject({
      code: 'conflict',
      details: { reason: 'idempotency_key_reused' },
    });
  });

  test.runIf(door.trusts.includes(4))('an administrator makes, lists and revokes keys', async () => {
    const root = await story().enter('root', { trust: 4 });
    const { key_id, api_key } = await root.createKey({ agent: 'cloud-1', description: 'CI', expires_in_days: 1 });
    expect(api_key).toMatch(new RegExp(`^ac_${key_id}_[0-9a-f]{72}$`));
    const listed = async () => (await root.listKeys()).keys.find((key) => key.key_id === key_id);
    expect(await listed()).toMatchObject({ agent: 'cloud-1', trust: 2, description: 'CI', revoked_at: null });
    expect(await root.revokeKey({ key_id })).toMatchObject({ key_id, ended_sessions: 0 });
    expect((await listed())?.revoked_at).toEqual(expect.any(String));
    expect((await refusalOf(root.revokeKey({ key_id: 'zzzzzzzzzzzz' }))).code).toBe('not_found');
  });

  test.runIf(door.trusts.includes(2))('who is trusted less may not make keys', async () => {
    const ann = await story().enter('ann');
    expect(await refusalOf(ann.createKey({ agent: 'cloud-2' }))).toMatchObject({
      code: 'forbidden',
      message: 'create_key needs trust 4; this session has 2.',
      details: { reason: 'insufficient_trust_level' },
    });
  });
}

import { expect, test } from 'vitest';
import { refusalOf, type Story } from './story.ts';

/** What every door must let agents do with locks. */
export function tellOfLocks(story: () => Story): void {
  test('a held lock names holder, reason and expiry, and nothing of the call is locked', async () => {
    const [ann, bob] = await story().pair();
    const taken = await ann.acquireLock({ paths: ['src/./a.ts'], reason: 'rename', ttl_seconds: 60 });
    expect(taken).toMatchObject({ acquired: true, locks: [{ path: 'src/a.ts', token: 1, renewed: false }] });
    expect(await bob.acquireLock({ paths: ['src/b.ts', 'src/a.ts'] })).toMatchObject({
      acquired: false,
      blocked_count: 1,
      blocked_by: [{ path: 'src/a.ts', agent: 'ann', reason: 'rename', expires_at: taken.locks?.[0]?.expires_at }],
      hint: expect.stringMatching(/./),
    });
    const { locks } = await bob.checkLocks({ paths: ['src/a.ts', 'src/b.ts'] });
    expect(locks).toMatchObject([{ path: 'src/a.ts', agent: 'ann', mine: false }]);
  });

  test('many paths are locked together, renewed by repeating and released together', async () => {
    const [ann, bob] = await story().pair();
    const paths = ['m/1.ts', 'm/2.ts'];
    const first = await ann.acquireLock({ paths, ttl_seconds: 60 });
    const again = await ann.acquireLock({ paths, ttl_seconds: 600 });
    expect(again.locks?.map(({ token, renewed }) => ({ token, renewed }))).toEqual(
      first.locks?.map(({ token }) => ({ token, renewed: true })),
    );
    const expiries = [first, again].map(({ locks }) => Date.parse(locks?.[0]?.expires_at ?? ''));
    expect((expiries[1] as number) - (expiries[0] as number)).toBeGreaterThan(500_000);
    expect(await ann.releaseLock({ paths })).toEqual({ released: true, released_paths: paths, not_held: [] });
    expect((await bob.acquireLock({ paths })).acquired).toBe(true);
    expect(await ann.releaseLock({ paths: ['m/1.ts', 'm/free.ts'] })).toMatchObject({
      released: false,
      released_paths: [],
      not_held: [
        { path: 'm/1.ts', reason: 'locked_by_other' },
        { path: 'm/free.ts', reason: 'free' },
      ],
    });
  });

  test('an expired lock can be taken by another session, with a higher token', async () => {
    const [ann, bob] = await story().pair();
    const first = await ann.acquireLock({ paths: ['old.ts'] });
    expect((await bob.acquireLock({ paths: ['old.ts'] })).acquired).toBe(false);
    await story().expireLock('old.ts');
    const { acquired, locks } = await bob.acquireLock({ paths: ['old.ts'] });
    expect(acquired).toBe(true);
    expect(locks?.[0]?.token).toBeGreaterThan(first.locks?.[0]?.token as number);
    const { not_held } = await ann.releaseLock({ paths: ['old.ts'] });
    expect(not_held).toEqual([{ path: 'old.ts', reason: 'locked_by_other' }]);
  });

  test('a tree keeps others out of every file in it, and a shared lock only those who want to write', async () => {
    const [ann, bob] = await story().pair();
    await ann.acquireLock({ paths: ['tree/'], reason: 'moving' });
    expect(await bob.acquireLock({ paths: ['tree/deep/a.ts'] })).toMatchObject({
      acquired: false,
      blocked_by: [{ path: 'tree/', agent: 'ann' }],
    });
    await ann.acquireLock({ paths: ['tree/'], shared: true });
    expect(await bob.acquireLock({ paths: ['tree/*/a.ts'], shared: true })).toMatchObject({
      acquired: true,
      locks: [{ path: 'tree/*/a.ts', shared: true }],
    });
    expect((await bob.acquireLock({ paths: ['tree/b.ts'] })).acquired).toBe(false);
  });

  test('who waits for a lock gets it when it is released', async () => {
    const [ann, bob] = await story().pair();
    await ann.acquireLock({ paths: ['label:deploy'] });
    const waiting = bob.acquireLock({ paths: ['label:deploy'], wait_seconds: 20 });
    await expect
      .poll(async () => (await ann.checkLocks({ paths: ['label:deploy'] })).locks[0]?.waiting, { timeout: 10_000 })
      .toBe(1);
    await ann.releaseLock({ paths: ['label:deploy'] });
    expect(await waiting).toMatchObject({ acquired: true, locks: [{ path: 'label:deploy', token: 2 }] });
  });

  test('two who would wait for each other are not both let wait', async () => {
    const [ann, bob] = await story().pair();
    await ann.acquireLock({ paths: ['dead/1.ts'] });
    await bob.acquireLock({ paths: ['dead/2.ts'] });
    const waiting = ann.acquireLock({ paths: ['dead/2.ts'], wait_seconds: 20 });
    await expect
      .poll(async () => (await bob.checkLocks({ paths: ['dead/2.ts'] })).locks[0]?.waiting, { timeout: 10_000 })
      .toBe(1);
    expect(await bob.acquireLock({ paths: ['dead/1.ts'], wait_seconds: 20 })).toMatchObject({
      acquired: false,
      deadlock: true,
      hint: expect.stringContaining('Release dead/2.ts'),
    });
    await bob.releaseLock({ paths: ['dead/2.ts'] });
    expect(await waiting).toMatchObject({ acquired: true });
  });

  test('input that is not valid is refused in the same words on every door, and changes nothing', async () => {
    const ann = await story().enter('ann');
    expect(await refusalOf(ann.acquireLock({ paths: ['bad.ts'], ttl_seconds: 0 }))).toEqual({
      code: 'invalid_input',
      message: 'ttl_seconds: must be at least 1',
      hint: 'Correct the field and call acquire_lock again. It takes: paths, reason, ttl_seconds, shared, wait_seconds.',
      details: { issues: [{ field: 'ttl_seconds', problem: 'must be at least 1' }] },
    });
    expect((await refusalOf(ann.acquireLock({ paths: ['../up.ts'] }))).code).toBe('invalid_input');
    expect((await ann.checkLocks({ paths: ['bad.ts'] })).locks).toEqual([]);
  });
}

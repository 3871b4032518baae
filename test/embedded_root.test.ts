import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { type EmbeddedServer, ensureServer, stopServer } from '../packages/core/src/embedded/index.ts';
import { formerOutsides } from '../packages/core/src/embedded/outside.ts';
import { newHome, removeHomes } from './embedded/homes.ts';
import { dismissParticipants, participate } from './embedded/participants.ts';

vi.setConfig({ testTimeout: 30_000 });
afterAll(async () => {
  await dismissParticipants();
  await removeHomes();
}, 30_000);

const asRoot = process.getuid?.() === 0;

describe.skipIf(!asRoot)(`the server of root${asRoot ? '' : ' (skipped: these tests do not run as root)'}`, () => {
  test('runs as another user, in reach of it, whatever the home', async () => {
    const closed = await ensureServer(newHome());
    expect(closed.cluster).toMatch(/^\/var\/lib\/agentcoord\/[0-9a-f]+\/cluster$/);
    const home = newHome();
    for (const folder of [dirname(home), home]) {
      mkdirSync(folder, { recursive: true });
      chmodSync(folder, 0o755);
    }
    const open = await ensureServer(home);
    expect(open.cluster).toBe(join(home, 'postgres/cluster'));
    expect(lstatSync(join(home, 'postgres')).isSymbolicLink()).toBe(false);
    for (const server of [closed, open]) {
      expect(statSync(server.cluster).uid).not.toBe(0);
      expect(statSync(`/proc/${postmasterOf(server)}`).uid).toBe(statSync(server.cluster).uid);
    }
  });

  test('begins anew when its home was deleted, also for five that come at once, and leaves what was there', async () => {
    const home = newHome();
    const former = await ensureServer(home);
    expect((await ensureServer(home)).cluster).toBe(former.cluster);
    await stopServer(home);
    rmSync(home, { recursive: true });
    try {
      const people = Array.from({ length: 5 }, () => participate(home));
      expect((await Promise.all(people.map((person) => person.connected()))).filter(Boolean)).toHaveLength(1);
      expect(new Set(await Promise.all(people.map((person) => person.visits()))).size).toBe(1);
      const { cluster } = await ensureServer(home);
      expect(cluster).not.toBe(former.cluster);
      expect(existsSync(former.cluster)).toBe(true);
      expect(formerOutsides(home, dirname(cluster))).toEqual([dirname(former.cluster)]);
    } finally {
      await rm(dirname(former.cluster), { recursive: true });
    }
  });

  test('does not follow a link in its home to elsewhere', async () => {
    const home = newHome();
    mkdirSync(home, { mode: 0o700 });
    symlinkSync('/tmp', join(home, 'postgres'));
    await expect(ensureServer(home)).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('points to /tmp'),
    });
    rmSync(join(home, 'postgres'));
  });
});

function postmasterOf({ cluster }: EmbeddedServer): number {
  return Number(readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')[0]);
}

import { mkdtemp, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ensureServer, stopServer } from '@agentcoord/core';
import postgres from 'postgres';
import { systemFolder } from '../../packages/core/src/embedded/outside.ts';

/** A Postgres for one run of the tests; disposing it stops what was started for it. */
export interface Server extends AsyncDisposable {
  /** Where its superuser connects; a unix socket is named as libpq does it, `?host=/folder`. */
  url: string;
}

/** TEST_DATABASE_URL, else a container (TEST_DATABASE=testcontainers), else the product's own embedded server. */
export async function startServer(): Promise<Server> {
  const { TEST_DATABASE_URL: url, TEST_DATABASE: kind } = process.env;
  if (url) return { url, [Symbol.asyncDispose]: async () => {} };
  if (kind === 'testcontainers') return startContainer();
  if (!kind || kind === 'embedded') return startEmbedded();
  throw new Error(`TEST_DATABASE=${kind}: say embedded or testcontainers, or set TEST_DATABASE_URL.`);
}

async function startEmbedded(): Promise<Server> {
  const home = await mkdtemp(join(tmpdir(), 'coord-test-'));
  const server = await ensureServer(home);
  const url = new URL(`postgres://${server.superuser}@localhost:${server.port}/postgres`);
  url.searchParams.set('host', server.socketFolder);
  const sql = postgres({ ...server.connection(), max: 1, onnotice: () => {} });
  await sql`alter system set fsync = off`;
  await sql`select pg_reload_conf()`;
  await sql.end();
  return {
    url: url.href,
    async [Symbol.asyncDispose]() {
      await stopServer(home);
      for (const folder of [dirname(server.cluster), server.socketFolder, home]) {
        await rm(folder, { recursive: true, force: true });
      }
      // Where others have data in it too, it stays.
      await rmdir(systemFolder).catch(() => {});
    },
  };
}

async function startContainer(): Promise<Server> {
  const { PostgreSqlContainer } = await import('@testcontainers/postgresql');
  const container = await new PostgreSqlContainer('postgres:18-alpine').start().catch((cause: unknown) => {
    throw new Error(
      'TEST_DATABASE=testcontainers needs a running Docker. Start it, or unset TEST_DATABASE for the embedded server.',
      { cause },
    );
  });
  return {
    url: container.getConnectionUri(),
    [Symbol.asyncDispose]: async () => void (await container.stop()),
  };
}

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Transport } from '@agentcoord/contract';
import { type EmbeddedServer, ensureServer, stopServer } from '@agentcoord/core';
import { callerOf, type Field, openField } from './field.ts';

/** Most workers at once. */
export const maxWorkers = 32;

/** A server of its own for the time of a run, with Postgres' durable defaults, and its first field. */
export interface Ground extends Field {
  server: EmbeddedServer;
  /** Calls as an administrator. */
  administrator: Transport;
  /** A further field on the same server, in a database of its own, so that its tables have their own size. */
  openField(name: string): Promise<Field>;
}

/** Starts the server and opens what every group needs; disposing stops the server and removes its files. */
export async function openGround(): Promise<Ground> {
  await using cleanup = new AsyncDisposableStack();
  const home = await mkdtemp(join(tmpdir(), 'agentcoord-bench-'));
  cleanup.defer(() => rm(home, { recursive: true, force: true }));
  const server = await ensureServer(home);
  cleanup.defer(() => removeServer(server));
  const rawSql = await readFile(new URL('raw.sql', import.meta.url), 'utf8');
  const field = cleanup.use(
    await openField(server.connection(), maxWorkers, async (sql) => {
      // Before the migration, which gives them their rights, as on Supabase.
      await sql.unsafe('create role anon nologin; create role service_role nologin bypassrls').simple();
      await sql.unsafe(rawSql).simple();
    }),
  );
  const moved = cleanup.move();
  return {
    ...field,
    server,
    administrator: callerOf(field.database, 'administrator', 4),
    openField: (name) => openFurther(field, server, name),
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

async function openFurther({ sql }: Field, server: EmbeddedServer, name: string): Promise<Field> {
  await using cleanup = new AsyncDisposableStack();
  await sql.unsafe(`create database ${name}`);
  cleanup.defer(async () => {
    await sql.unsafe(`drop database ${name} with (force)`);
  });
  const field = cleanup.use(await openField(server.connection(name), maxWorkers));
  const moved = cleanup.move();
  return { ...field, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}

async function removeServer({ home, cluster, socketFolder }: EmbeddedServer): Promise<void> {
  await stopServer(home);
  for (const folder of [dirname(cluster), socketFolder]) await rm(folder, { recursive: true, force: true });
}

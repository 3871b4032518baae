import { generateKeyPairSync } from 'node:crypto';
import { type Coordinator, coordinatorOver, type Trust } from '@agentcoord/contract';
import { type Database, localTransport, type PostgresOptions, postgresDatabase, tokenSigner } from '@agentcoord/core';
import postgres from 'postgres';
import { inject } from 'vitest';
import { connectionOf } from '../../packages/core/src/databases/url.ts';
import { jwtSecret } from './postgrest.ts';
import { adminOf, checkStrictly, urlOf } from './server.ts';
import { validating } from './validating.ts';

/** The methods of one new session, and its id. Every answer is compared with its definition. */
export type TestSession = Coordinator & { readonly session_id: string };

interface SessionOptions {
  project?: string;
  /** 2 unless given, as an MCP process has it. */
  trust?: Trust;
  /** True: it lapses 60 s after its last sign of life. */
  beats?: boolean;
}

/** A migrated database of one test file; disposing it drops it. */
export interface TestDatabase extends AsyncDisposable {
  /** DATABASE_URL for a process. */
  url: string;
  /** What postgres.js connects with, as superuser. */
  connection: PostgresOptions['connection'];
  /** The product's way to it. */
  database: Database;
  /** Superuser, for back-dating rows and looking behind the operations. */
  sql: postgres.Sql;
  /** Opens a new session in project `test` unless another is named. */
  session(agent: string, options?: SessionOptions): Promise<TestSession>;
}

/** Signs checkpoints. */
const { privateKey } = generateKeyPairSync('ed25519');

let clones = 0;

/** Clones the template (about 85 ms): `await using db = await cloneDatabase()`. */
export async function cloneDatabase(): Promise<TestDatabase> {
  const template = inject('template');
  const name = `${template}_${process.pid}_${++clones}`;
  const admin = adminOf(inject('adminUrl'));
  await admin.unsafe(`create database ${name} template ${template}`);
  await checkStrictly(admin, name);
  const url = urlOf(inject('adminUrl'), name);
  const connection = connectionOf(url);
  const database = {
    ...postgresDatabase({ kind: 'postgres', connection, where: 'The test database' }),
    signToken: tokenSigner(jwtSecret),
    signingKey: async () => privateKey,
  };
  const quiet = { onnotice: () => {} };
  const sql = typeof connection === 'string' ? postgres(connection, quiet) : postgres({ ...connection, ...quiet });
  return {
    ...{ url, connection, database, sql },
    session: (agent, options) => openSession(database, agent, options),
    async [Symbol.asyncDispose]() {
      await Promise.all([database.close(), sql.end({ timeout: 1 })]);
      await admin.unsafe(`drop database ${name} with (force)`);
      await admin.end({ timeout: 1 });
    },
  };
}

async function openSession(
  database: Database,
  agent: string,
  { project = 'test', trust = 2, beats = false }: SessionOptions = {},
): Promise<TestSession> {
  const transport = localTransport(database, project, { agent, agent_type: 'test', trust });
  const { session_id } = await coordinatorOver(validating(transport)).registerSession({ beats });
  const bound = validating({
    invoke: (operation, input, options) => transport.invoke(operation, input, { ...options, session_id }),
  });
  return { ...coordinatorOver(bound), session_id };
}

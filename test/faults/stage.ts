import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { type Coordinator, coordinatorOver, type Trust } from '@agentcoord/contract';
import { type Database, localTransport, migrate, postgresDatabase } from '@agentcoord/core';
import postgres from 'postgres';
import { Cluster } from './cluster.ts';
import type { Setting } from './proof.ts';
import { watchViolations } from './violations.ts';

/** The project that all clients of a proof work in. */
export const project = 'faults';

/** A cluster with the product's schema, and what a proof needs to look behind it. */
export interface Stage extends AsyncDisposable {
  cluster: Cluster;
  /** DATABASE_URL of the product. */
  url: string;
  /** Superuser. Its queries fail while the database is away. */
  sql: postgres.Sql;
  database: Database;
  /** Calls as an administrator of the project, who has a standing session. */
  administrator: Coordinator;
  keyFor(agent: string, trust?: Trust): Promise<string>;
  /** Repeats until the database is there again, for 30 s where nothing else is said. */
  insist<Answer>(question: () => Promise<Answer>, milliseconds?: number): Promise<Answer>;
  /** Of the "must be 0" queries, asked every second: what was not 0. */
  violations: ReturnType<typeof watchViolations>;
}

const name = 'coord';

/** Starts a cluster of its own for one proof, with the planted bug, if one was asked for. */
export async function openStage({ bug }: Pick<Setting, 'bug'>, environment?: Record<string, string>): Promise<Stage> {
  await using cleanup = new AsyncDisposableStack();
  const cluster = cleanup.use(await Cluster.start(environment));
  const admin = postgres(cluster.url(), { max: 1, onnotice: () => {} });
  await admin.unsafe(`create database ${name}`);
  await admin.end({ timeout: 1 });
  const url = cluster.url(name);
  await migrate(url);
  // Asking for types by itself, the driver throws where nobody can catch it when the database goes at that moment.
  const sql = postgres(url, { max: 4, onnotice: () => {}, backoff: () => 0.1, connect_timeout: 4, fetch_types: false });
  cleanup.defer(() => sql.end({ timeout: 1 }));
  await sql.unsafe(readFileSync(new URL('stage.sql', import.meta.url), 'utf8')).simple();
  if (bug) await sql.unsafe(readFileSync(new URL(`bugs/${bug}.sql`, import.meta.url), 'utf8')).simple();
  const database = postgresDatabase({ kind: 'postgres', connection: url, where: 'The database of the faults' });
  cleanup.defer(() => database.close());
  const root = { agent: 'root', agent_type: 'faults', trust: 4, label: 'root' };
  const administrator = coordinatorOver(localTransport(database, project, root));
  await administrator.registerSession();
  const violations = cleanup.use(watchViolations(sql));
  const kept = cleanup.move();
  return {
    ...{ cluster, url, sql, database, administrator, insist, violations },
    keyFor: async (agent, trust = 2) => (await insist(() => administrator.createKey({ agent, trust }))).api_key,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function insist<Answer>(question: () => Promise<Answer>, milliseconds = 30_000): Promise<Answer> {
  const until = Date.now() + milliseconds;
  for (;;) {
    try {
      return await question();
    } catch (error) {
      if (Date.now() > until) throw error;
      await pause(50);
    }
  }
}

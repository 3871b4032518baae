import { type Coordinator, coordinatorOver } from '@agentcoord/contract';
import { localTransport, type PostgresOptions, postgresDatabase } from '@agentcoord/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';

const cleanup = new AsyncDisposableStack();
let db: TestDatabase;
let ann: TestSession;
let paths = 0;

beforeAll(async () => {
  db = cleanup.use(await cloneDatabase());
  ann = await db.session('ann');
});
afterAll(() => cleanup.disposeAsync());

/** A path that Ann has locked. */
async function heldPath(): Promise<string> {
  const path = `held-${++paths}.ts`;
  await ann.acquireLock({ paths: [path] });
  return path;
}

async function elsewhere(agent: string, options: Partial<PostgresOptions> = {}): Promise<Coordinator> {
  const database = postgresDatabase({ kind: 'postgres', connection: db.connection, where: 'Elsewhere', ...options });
  cleanup.adopt(database, (opened) => opened.close());
  const transport = localTransport(database, 'test', { agent, agent_type: 'test', trust: 2, label: agent });
  return coordinatorOver(transport);
}

const timed = async <Answer>(call: Promise<Answer>) => {
  const begun = performance.now();
  const answer = await call;
  return { answer, seconds: (performance.now() - begun) / 1000, at: performance.now() };
};

test('x', async () => {
  const bob = await elsewhere('bob');
  const gaps = [];
  for (let i = 0; i < 10; i++) {
    const path = await heldPath();
    const waiting = timed(bob.acquireLock({ paths: [path], wait_seconds: 5 }));
    await new Promise((r) => setTimeout(r, 200));
    await ann.releaseLock({ paths: [path] });
    const released = performance.now();
    const { at, answer } = await waiting;
    expect(answer.acquired).toBe(true);
    gaps.push(Math.round(at - released));
  }
  console.log(gaps);
  const path = await heldPath();
  console.log(await timed(bob.acquireLock({ paths: [path], wait_seconds: 2 })));
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freePort, run, startUp } from './helpers/agentcoord.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';
import { sealAll } from './helpers/tampering.ts';

const home = mkdtempSync(join(tmpdir(), 'coord-doctor-'));
let db: TestDatabase;
let ann: TestSession;
let variables: Record<string, string>;

beforeAll(async () => {
  db = await cloneDatabase();
  ann = await db.session('ann', { beats: true });
  const AGENTCOORD_PORT = String(await freePort());
  variables = { DATABASE_URL: db.url, AGENTCOORD_HOME: home, AGENTCOORD_PORT, AGENT_PROJECT: 'test' };
});
afterAll(async () => {
  await db?.[Symbol.asyncDispose]();
  rmSync(home, { recursive: true, force: true });
});
beforeEach(() => db.database.call('sweep_projects', {}));

interface Check {
  ok: boolean;
  detail: string;
  hint?: string;
}

/** What doctor says of one thing, and its exit code. */
async function ask(check: string, more: Record<string, string> = {}): Promise<Check & { code: number }> {
  const { code, stdout } = await run(['doctor', '--json'], { ...variables, ...more });
  const { checks } = JSON.parse(stdout) as { checks: (Check & { check: string })[] };
  const found = checks.find((each) => each.check === check);
  if (!found) throw new Error(`doctor does not check ${check}`);
  return { ...found, code };
}

describe('agentcoord doctor', () => {
  test('says in 80 columns what it has looked at, with the next step where one is needed', async () => {
    const { stdout } = await run(['doctor'], variables);
    const lines = stdout.trimEnd().split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(stdout).toMatch(/^ok {4}sweep {7}last (now|\d+ s ago)$/m);
    expect(stdout).toMatch(/^ok {4}invariants {2}\d+ hold$/m);
  });

  test('names what must never be, and is', async () => {
    const { task_id } = await ann.submitWork({ title: 'broken' });
    await db.sql`update coord.tasks set attempts = 9 where task_id = ${task_id}`;
    expect(await ask('invariants')).toMatchObject({
      ...{ code: 1, ok: false, hint: expect.stringContaining('report it') },
      detail: '1 tasks_with_too_many_attempts, 1 tasks_with_more_attempts_than_claims',
    });
    await db.sql`delete from coord.tasks`;
  });

  test('says what it knows when what must never be cannot be counted in time', async () => {
    // Not by a lock on a table: the events of all databases of the server would wait for that transaction.
    await db.sql.unsafe(`
      alter function coord.count_violations() rename to counted_violations;
      create function coord.count_violations() returns jsonb language sql as $$ select to_jsonb(pg_sleep(9)::text) $$;`);
    const { stdout } = await run(['doctor'], variables);
    await db.sql.unsafe(`
      drop function coord.count_violations();
      alter function coord.counted_violations() rename to count_violations;`);
    expect(stdout).toMatch(/^FAIL {2}invariants {2}not counted in the time of a call$/m);
    expect(stdout).toMatch(/^ok {4}clock/m);
  });

  test('is content with a late sweep while nothing waits for it, and says how to get one', async () => {
    await db.sql`update coord.pulse set swept_at = clock_timestamp() - interval '5 minutes'`;
    expect(await ask('sweep')).toMatchObject({
      ...{ ok: true, detail: 'last 5 min ago; nothing waits for it', hint: expect.stringContaining('agentcoord up') },
    });
  });

  test('complains when the dead wait to be swept', async () => {
    const dead = await db.session('dead', { beats: true });
    await db.sql`
      update coord.sessions set lease_expires_at = clock_timestamp() - interval '31 seconds', fresh_until = '-infinity'
      where session_id = ${dead.session_id}`;
    expect(await ask('sweep')).toMatchObject({
      ...{ code: 1, ok: false, detail: expect.stringContaining('1 dead sessions and 0 lapsed claims') },
    });
  });

  test('says when rows of the journal wait too long for their seal', async () => {
    await db.sql`
      insert into coord.journal (project_id, operation, outcome, resource, at)
      select project_id, 'sweep', 'ok', 'project', clock_timestamp() - interval '5 minutes' from coord._project('unsealed')`;
    expect(await ask('journal')).toMatchObject({ ok: true, detail: expect.stringMatching(/since 30\d s$/) });
    await sealAll(db);
    expect(await ask('journal')).toMatchObject({ ok: true, detail: expect.stringMatching(/MB, sealed$/) });
  });

  test('shows how to look at work that has failed for good', async () => {
    await ann.submitWork({ title: 'hopeless', max_attempts: 1 });
    const { task, claim_token } = await ann.getWork();
    await ann.completeWork({ task_id: String(task?.task_id), claim_token: Number(claim_token), success: false });
    expect(await ask('queue')).toMatchObject({ ok: true, hint: expect.stringContaining('--status failed') });
  });

  test('makes no schema where there is none, and says what would', async () => {
    await using empty = await cloneDatabase();
    const { sql, url } = empty;
    await sql`drop schema coord, supabase_migrations cascade`;
    expect(await ask('backend', { DATABASE_URL: url })).toMatchObject({
      ...{ code: 1, ok: false, detail: 'The schema is missing in the database.' },
      hint: expect.stringContaining('agentcoord up'),
    });
    expect((await run(['status'], { ...variables, DATABASE_URL: url })).stderr).toContain('The schema is missing');
    expect(await sql`select from pg_namespace where nspname = 'coord'`).toEqual([]);
  });
});

test('a second agentcoord up says where the server and the key are, and what to do next', async () => {
  const there = { ...variables, AGENTCOORD_HOME: join(home, 'up') };
  await using up = await startUp(there);
  const { code, stdout } = await run(['up'], there);
  expect(code).toBe(0);
  expect(stdout).toContain(`address    ${up.url}\n`);
  expect(stdout).toContain(`API key    in ${join(home, 'up', 'api-key')}\n`);
  expect(stdout).toContain('agentcoord down');
  const again = JSON.parse((await run(['up', '--json'], there)).stdout);
  expect(again).toMatchObject({ url: up.url, already_running: true, api_key_file: join(home, 'up', 'api-key') });
});

test('agentcoord status shows when somebody swept last, and what to do when that is long ago', async () => {
  expect((await run(['status'], variables)).stdout).toMatch(/^swept_at +(now|\d+ s ago)$/m);
  await db.sql`update coord.pulse set swept_at = clock_timestamp() - interval '31 seconds'`;
  const { stdout } = await run(['status'], variables);
  expect(stdout).toMatch(/^swept_at +3\d s ago$/m);
  expect(stdout).toMatch(/^advice +Keep `agentcoord up`/m);
});

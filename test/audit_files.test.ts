import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SegmentVerifier } from '@agentcoord/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from './helpers/agentcoord.ts';
import { cloneDatabase, type TestDatabase } from './helpers/database.ts';
import { sealAll } from './helpers/tampering.ts';

const folder = mkdtempSync(join(tmpdir(), 'coord-audit-'));
let db: TestDatabase;
let variables: Record<string, string>;

/** 2,500 rows that are 100 days old, with texts and numbers that are easily written in another way, and some of today. */
beforeAll(async () => {
  db = await cloneDatabase();
  variables = { DATABASE_URL: db.url, AGENTCOORD_HOME: join(folder, 'home'), AGENT_PROJECT: 'test', AGENT_ID: 'ann' };
  await db.sql`select coord._project('test')`;
  await db.sql`
    insert into coord.journal (project_id, session_id, agent, operation, outcome, resource, detail, started_at, at)
    select p.project_id, case when i % 3 > 0 then gen_random_uuid() end, case when i % 5 > 0 then 'ann ü 💥' end, 'sweep', 'ok',
      'line' || chr(10) || i, case when i % 7 > 0 then jsonb_build_object('b', 1.50, 'aa', array[1e3, -0.0], 'ü', null, 't', E'\u2028"\\\\') end,
      clock_timestamp() - interval '100 days', clock_timestamp() - interval '100 days' + i * interval '7 microseconds'
    from coord.projects p, generate_series(1, 2500) i`;
  await sealAll(db);
  const ann = await db.session('ann', { trust: 4 });
  await ann.submitWork({ title: 'today' });
  await sealAll(db);
});
afterAll(async () => {
  await db?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

async function audit(...words: string[]) {
  const { code, stdout, stderr } = await run(['audit', ...words, '--json'], variables);
  return { code, stderr, answer: JSON.parse(stdout) };
}

const to = join(folder, 'out');

describe('agentcoord audit', () => {
  test('verify goes through all pages', async () => {
    const { code, answer } = await audit('verify');
    expect(code).toBe(0);
    expect(answer).toMatchObject({ intact: true, next_seal: null });
    expect(answer.verified_rows).toBeGreaterThan(2500);
  });

  test('checkpoint signs with a key that only its owner may read, and verify checks it', async () => {
    const { answer: checkpoint } = await audit('checkpoint');
    expect(statSync(join(folder, 'home/audit-key.pem')).mode & 0o777).toBe(0o600);
    const good = await audit('verify', '--checkpoint', JSON.stringify(checkpoint));
    expect(good).toMatchObject({ code: 0, answer: { checkpoint: 'contained', signature: 'valid' } });
    const forged = await audit('verify', '--checkpoint', JSON.stringify({ ...checkpoint, total_rows: 1 }));
    expect(forged).toMatchObject({ code: 1, answer: { intact: true, signature: 'invalid' } });
    const other = { ...variables, AGENTCOORD_HOME: join(folder, 'elsewhere') };
    const words = ['audit', 'verify', '--json', '--checkpoint', JSON.stringify(checkpoint)];
    const { stdout } = await run([...words, '--public-key', checkpoint.public_key], other);
    expect(JSON.parse(stdout)).toMatchObject({ signature: 'valid', signed_by: checkpoint.public_key });
    writeFileSync(join(folder, 'checkpoint.json'), JSON.stringify(checkpoint));
  });

  test('export writes files that can be verified without any database', async () => {
    const { code, answer } = await audit('export', '--to', to);
    expect(code).toBe(0);
    expect(answer.files).toHaveLength(1);
    const [{ file, last_seal }] = answer.files;
    const offline = { AGENTCOORD_HOME: join(folder, 'home'), DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' };
    const checkpoint = readFileSync(join(folder, 'checkpoint.json'), 'utf8');
    const { stdout } = await run(['audit', 'verify', '--json', '--segment', file, '--checkpoint', checkpoint], offline);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ intact: true, project: 'test', first_seal: 1, last_seal, checkpoint: 'contained', signature: 'valid' },
    });
    expect(readdirSync(to)).toEqual([`test-1-${last_seal}.jsonl`]);
  });

  test.each<[string, (lines: string[]) => string[], RegExp]>([
    [
      'a row was changed',
      (lines) => lines.with(1200, String(lines[1200]).replace('"sweep"', '"sweeq"')),
      /^changed in 2: \d+-1198$/,
    ],
    ['a row was left out', (lines) => lines.toSpliced(1200, 1), /^missing in 2: \d+-1198$/],
    ['a row was put in', (lines) => lines.toSpliced(1200, 0, String(lines[700])), /^added in 2: \d+-699$/],
    [
      'two rows were swapped',
      (lines) => lines.with(1200, String(lines[1300])).with(1300, String(lines[1200])),
      /^missing in 2: \d+-1198$/,
    ],
    ['a seal was left out', (lines) => lines.toSpliced(1002, 1001), /^seal_missing in 2: undefined$/],
    [
      'a seal was changed',
      (lines) => lines.with(1, String(lines[1]).replace('"row_count":1000', '"row_count":1001')),
      /^seal_changed in 1: /,
    ],
    ['the end of a seal was cut', (lines) => lines.slice(0, 1500), /^missing in 2: \d+-1498$/],
    ['a line is half', (lines) => [...lines.slice(0, 1500), String(lines[1500]).slice(0, 40)], /^unreadable in 2: /],
    ['it is no such file', () => ['{}'], /^unreadable in 0: /],
    ['it is empty', () => [], /^unreadable in 0: /],
  ])('verify finds in a file that %s', (_, change, expected) => {
    const [name = ''] = readdirSync(to);
    const lines = readFileSync(join(to, name), 'utf8').trimEnd().split('\n');
    const verifier = new SegmentVerifier();
    for (const line of change(lines)) verifier.add(line);
    const { intact, first_bad } = verifier.end();
    expect(intact).toBe(false);
    expect(`${first_bad?.problem} in ${first_bad?.seal_number}: ${first_bad?.cursor}`).toMatch(expected);
  });

  test('export --drop lets go of what is older than 90 days; the files go on where each other end', async () => {
    const old = join(folder, 'old');
    const { answer } = await audit('export', '--to', old, '--drop');
    expect(answer.files).toMatchObject([{ rows: 2500, first_seal: 1, last_seal: 3, dropped: true }]);
    const [left] = await db.sql`select count(*)::integer as rows from coord.journal where operation = 'sweep'`;
    expect(left?.rows).toBe(0);
    await sealAll(db);
    const rest = await audit('export', '--to', old);
    const files = [answer.files[0].file, rest.answer.files[0].file];
    const both = await audit('verify', '--segment', files[0], '--segment', files[1]);
    expect(both).toMatchObject({ code: 0, answer: { intact: true } });
    const twisted = await audit('verify', '--segment', files[1], '--segment', files[0]);
    expect(twisted).toMatchObject({ code: 1, answer: { intact: false, first_bad: { problem: 'seal_missing' } } });
    expect(await audit('verify')).toMatchObject({ code: 0, answer: { intact: true, dropped_rows: 2500 } });
  });

  test('a key that others can read signs nothing', async () => {
    chmodSync(join(folder, 'home/audit-key.pem'), 0o644);
    expect(await audit('checkpoint')).toMatchObject({ code: 3, answer: { error: { code: 'forbidden' } } });
  });
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../helpers/agentcoord.ts';
import { cloneDatabase, type TestDatabase } from '../helpers/database.ts';

let db: TestDatabase;
let home: string;

beforeAll(async () => {
  db = await cloneDatabase();
  home = await mkdtemp(join(tmpdir(), 'guard-'));
});
afterAll(async () => {
  await db?.[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

const alone = () => ({ AGENTCOORD_HOME: home, AGENT_PROJECT: 'guard' });
const connected = () => ({ ...alone(), DATABASE_URL: db.url });

test('agentcoord guard test works without a database, says so, and starts none', async () => {
  const { code, stdout } = await run(['guard', 'test', 'git push -f origin main'], alone());
  expect(code).toBe(1);
  expect(stdout).toContain('block (rules 1.0)');
  expect(stdout).toContain('force_push');
  expect(stdout).toContain('--force-with-lease');
  expect(stdout).toContain('judged by the built-in rules alone');
  expect(await run(['guard', 'test', 'git push'], alone())).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^allow/),
  });
  expect(JSON.parse((await run(['status', '--json'], alone())).stdout)).toMatchObject({ running: false });
});

test('agentcoord guard test knows the rules of the project, and the trust of who would run it', async () => {
  const admin = await db.session('admin', { project: 'guard', trust: 4 });
  await admin.setGuardrailRule({ rule: 'no_tea', pattern: '^make tea' });
  await admin.setGuardrailRule({ rule: 'git_clean', severity: 'log' });
  const { code, stdout } = await run(['guard', 'test', 'sudo make tea', '--json'], connected());
  expect([code, JSON.parse(stdout)]).toMatchObject([
    1,
    { safe: false, violations: [{ rule: 'no_tea' }], rules_version: '1.2' },
  ]);
  expect(await run(['guard', 'test', 'git clean -fd'], connected())).toMatchObject({ code: 0 });
  expect(await run(['guard', 'test', 'git push -f', '--trust', '3'], connected())).toMatchObject({ code: 0 });
  expect((await admin.listGuardrailViolations()).violations).toEqual([]);
});

test('agentcoord guard test refuses a context and a trust that are none', async () => {
  expect(await run(['guard', 'test', 'x', '--context', 'poem'], alone())).toMatchObject({ code: 2 });
  expect(await run(['guard', 'test', 'x', '--trust', '9'], alone())).toMatchObject({ code: 2 });
});

test('agentcoord guard replay says which rule would have stopped how many', async () => {
  const file = join(home, 'record.jsonl');
  const entries = [
    ...['npm test', 'git push -f', 'git push origin +main', 'git branch -D x'],
    ...[
      JSON.stringify({ tool_input: { command: 'rm -rf src' } }),
      JSON.stringify({ command: 'ls' }),
      '{ echo a; }',
      '',
    ],
  ];
  await writeFile(file, entries.join('\n'));
  const { code, stdout } = await run(['guard', 'replay', file], alone());
  expect(code).toBe(1);
  expect(stdout).toContain('7 commands: 3 would have been stopped, 1 warned of.');
  expect(stdout).toContain('force_push would have stopped 2');
  expect(stdout).toContain('line 5: recursive_delete: rm -rf src');
  await writeFile(file, 'npm test\n');
  expect(await run(['guard', 'replay', file], alone())).toMatchObject({ code: 0 });
  expect(await run(['guard', 'replay', join(home, 'none')], alone())).toMatchObject({ code: 2 });
});

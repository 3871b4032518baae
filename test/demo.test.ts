import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { Outcome } from '../demo/demonstration.ts';
import { planOf, type Task } from '../demo/plan.ts';
import { isFlawless, verify } from '../demo/verification.ts';
import { cloneRepository, WorkingCopy } from '../demo/working_copy.ts';
import { root } from '../scripts/generated/root.ts';

const folder = mkdtempSync(join(tmpdir(), 'coord-demo-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const taskOf = (number: number, paths: string[], depends_on: number[] = []): Task => ({
  number,
  title: `Task ${number}`,
  depends_on,
  needs_approval: false,
  edits: paths.map((path) => ({ path, line: `// Reviewed in task ${number}.`, place: 0.5, think_ms: 20 })),
});

describe('the verification', () => {
  const first = taskOf(1, ['a.ts', 'b.ts']);
  const second = taskOf(2, ['b.ts'], [1]);
  const tasks = [first, second];
  let repositories = 0;
  let copy: WorkingCopy;
  let base: string;

  beforeEach(async () => {
    const place = join(folder, `repository-${++repositories}`);
    await mkdir(place);
    copy = new WorkingCopy(place, 'ada');
    await copy.git('init', '--quiet');
    for (const file of ['a.ts', 'b.ts']) await writeFile(join(place, file), 'one\ntwo\nthree\n');
    await copy.commit(['a.ts', 'b.ts'], 'Begin', 0);
    base = await copy.git('rev-parse', 'HEAD');
  });

  const edit = async (task: Task) => {
    for (const change of task.edits) await copy.edit(change);
  };
  const commit = (task: Task) =>
    copy.commit(
      task.edits.map(({ path }) => path),
      task.title,
      task.number,
    );

  test('finds nothing after edits one by one', async () => {
    const commits = new Map<number, string>();
    for (const task of tasks) {
      await edit(task);
      commits.set(task.number, await commit(task));
    }
    expect(isFlawless(await verify(copy, base, tasks, { done: [1, 2], commits }))).toBe(true);
  });

  test('finds an edit that another wrote over, and the commit that could not be made for it', async () => {
    const together = [taskOf(1, ['b.ts']), taskOf(2, ['b.ts'])];
    await Promise.all(together.map(edit));
    const [won, lost] = (await readFile(join(copy.root, 'b.ts'), 'utf8')).includes('task 1') ? [1, 2] : [2, 1];
    await commit(together[won - 1] as Task);
    await expect(commit(together[lost - 1] as Task)).rejects.toThrow();
    const findings = await verify(copy, base, together, { done: [1, 2] });
    expect(findings).toMatchObject({ lost_edits: [`task ${lost}, b.ts`], tasks_without_commit: [lost] });
    expect(isFlawless(findings)).toBe(false);
  });

  test('finds a task that was done and committed twice', async () => {
    for (const task of [first, first, second]) {
      await edit(task);
      await commit(task);
    }
    expect(await verify(copy, base, tasks, { done: [1, 1, 2] })).toMatchObject({
      repeated_edits: ['task 1, a.ts', 'task 1, b.ts'],
      tasks_committed_twice: [1],
      tasks_done_twice: [1],
    });
  });

  test('finds a task that came before what it depends on', async () => {
    for (const task of [second, first]) {
      await edit(task);
      await commit(task);
    }
    expect(await verify(copy, base, tasks, { done: [1, 2] })).toMatchObject({ tasks_out_of_order: [2] });
  });

  test('finds what is not committed, lines that were not to go, and a report that git contradicts', async () => {
    await edit(first);
    const made = await commit(first);
    await writeFile(join(copy.root, 'b.ts'), 'one\n// Reviewed in task 1.\n// Reviewed in task 2.\n');
    await commit(second);
    await writeFile(join(copy.root, 'c.ts'), 'left\n');
    const reports = { done: [1, 2], commits: new Map([[1, made]]) };
    expect(await verify(copy, base, tasks, reports)).toMatchObject({
      damaged_files: ['b.ts'],
      uncommitted_files: ['?? c.ts'],
      tasks_misreported: [2],
    });
  });
});

test('a seed always gives the same plan, in which tasks depend on earlier ones and share files', () => {
  const files = Array.from({ length: 40 }, (_, index) => `file-${index}.ts`);
  const tasks = planOf(20, 7, files);
  expect(planOf(20, 7, files)).toEqual(tasks);
  expect(planOf(20, 8, files)).not.toEqual(tasks);
  for (const task of tasks) expect(Math.max(0, ...task.depends_on)).toBeLessThan(task.number);
  expect(new Set(tasks.flatMap(({ edits }) => edits.map(({ path }) => path))).size).toBeLessThan(20);
});

test('a folder without commits is refused in a sentence', async () => {
  const empty = join(folder, 'empty');
  await mkdir(empty);
  await expect(cloneRepository(empty, join(folder, 'clone'))).rejects.toThrow(/no git repository or has no commit/);
});

describe('npm run demo', () => {
  /** Runs the demo with its own temporary folder; answers its exit code and what it printed. */
  async function run(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const temporary = mkdtempSync(join(folder, 'run-'));
    // Were it not left alone, this coordinator would refuse everything.
    const env = { ...process.env, TMPDIR: temporary, AGENTCOORD_URL: 'http://127.0.0.1:9', AGENTCOORD_API_KEY: 'no' };
    const result = await new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      const done = (error: unknown, stdout: string, stderr: string) =>
        resolve({ code: error ? Number((error as { code?: unknown }).code) : 0, stdout, stderr });
      execFile(process.execPath, [join(root, 'demo/main.ts'), ...words], { env, cwd: root }, done);
    });
    const left = existsSync(temporary) ? await readdir(temporary) : [];
    expect(left.filter((name) => name.startsWith('agentcoord-demo'))).toEqual([]);
    return result;
  }

  test('six agents do every task once, lose no edit, and leave nothing behind', { timeout: 90_000 }, async () => {
    const { code, stdout, stderr } = await run('--tasks', '8', '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const outcome = JSON.parse(stdout) as Outcome;
    expect(outcome).toMatchObject({ coordinated: true, tasks: 8, flawless: true });
    expect(outcome.agents.map(({ door }) => door)).toEqual(['mcp', 'mcp', 'mcp', 'http', 'http', 'sdk']);
    expect(outcome.approvals).toMatchObject([{ task: 4, by: 'demo' }]);
    expect(outcome.agents.reduce((sum, { wrote }) => sum + wrote, 0)).toBeGreaterThan(0);
  });

  test('without coordination it says what git found and calls that no failure', { timeout: 90_000 }, async () => {
    const { code, stdout } = await run('--uncoordinated', '--tasks', '6', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ coordinated: false, tasks: 6, refusals: 0 });
  });

  test.each([
    ['--tasks', '0'],
    ['--tasks', '1.5'],
    ['--seed', 'x'],
    ['--sed', '1'],
  ])('%s %s is refused with the usage', async (...words) => {
    const { code, stderr } = await run(...words);
    expect(code).toBe(2);
    expect(stderr).toContain('Usage: npm run demo');
  });
});

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CoordinationError, type Operation, operationNamed } from '@agentcoord/contract';
import { readConfig, workspaceOf } from '@agentcoord/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';

let folder: string;
let root: string;
let db: TestDatabase;
let ann: TestSession;

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'coord-workspace-')));
  root = join(folder, 'repository');
  mkdirSync(join(root, 'packages/core/src'), { recursive: true });
  git('init', '-q');
  git('remote', 'add', 'origin', 'git@github.com:acme/web.git');
  for (const file of ['a.ts', 'packages/core/src/main.ts', 'Größe.ts', 'packages/README.md'])
    writeFileSync(join(root, file), '');
  writeFileSync(join(folder, 'outside.ts'), '');
  symlinkSync('packages/core', join(root, 'core'));
  symlinkSync('../packages/core/src/main.ts', join(root, 'packages/entry.ts'));
  symlinkSync('../outside.ts', join(root, 'outside-link.ts'));
  symlinkSync('..', join(root, 'outside-folder'));
  symlinkSync('nowhere.ts', join(root, 'dangling.ts'));
  symlinkSync('dangling.ts', join(root, 'far.ts'));
  symlinkSync('not-there-yet/below', join(root, 'dangling'));
  symlinkSync('../not-there-yet.ts', join(root, 'dangling-outside.ts'));
  symlinkSync('../not-there-yet', join(root, 'dangling-outside'));
  symlinkSync('loop', join(root, 'loop'));
  symlinkSync(root, join(folder, 'alias'));
  db = await cloneDatabase();
  ann = await db.session('ann');
});

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await db?.[Symbol.asyncDispose]();
});

const git = (...words: string[]) => execFileSync('git', ['-C', root, ...words], { stdio: 'pipe' });

/** What a door that runs in `folder` makes of what was typed. */
async function prepared(paths: string[], from = root): Promise<string[]> {
  const workspace = await workspaceOf(from, readConfig({}));
  return workspace.prepare(operationNamed('acquire_lock') as Operation, { paths }).paths as string[];
}

/** The path under which it is locked then. */
async function locked(typed: string, from = root): Promise<string> {
  const { locks } = await ann.acquireLock({ paths: await prepared([typed], from) });
  return String(locks?.[0]?.path);
}

test('a file that a task of a batch declares has the same key, and all else stays as it was typed', async () => {
  const workspace = await workspaceOf(join(root, 'packages'), readConfig({}));
  const typed = [{ title: './a.ts', paths: ['../a.ts', 'entry.ts'] }, { title: 'no paths' }];
  const batch = workspace.prepare(operationNamed('submit_work_batch') as Operation, { tasks: typed });
  expect(batch).toEqual({
    tasks: [{ title: './a.ts', paths: ['a.ts', 'packages/core/src/main.ts'] }, { title: 'no paths' }],
  });
  const one = workspace.prepare(operationNamed('submit_work') as Operation, typed[0] as (typeof typed)[0]);
  expect(one).toEqual((batch.tasks as unknown[])[0]);
  const outside = () =>
    workspace.prepare(operationNamed('submit_work_batch') as Operation, {
      tasks: [{ title: 'out', paths: ['../../elsewhere.ts'] }],
    });
  expect(outside).toThrow('outside the repository');
  const odd = { tasks: [null, 'x', { paths: 'a.ts' }, { paths: [7] }] };
  expect(workspace.prepare(operationNamed('submit_work_batch') as Operation, odd)).toEqual(odd);
});

describe('one file has one key', () => {
  test.each([
    ['a.ts', 'a.ts'],
    ['./a.ts', 'a.ts'],
    ['packages/../a.ts', 'a.ts'],
    ['core/src/main.ts', 'packages/core/src/main.ts'],
    ['packages/entry.ts', 'packages/core/src/main.ts'],
    ['core/src/not-there-yet.ts', 'packages/core/src/not-there-yet.ts'],
    ['core/new/folder/x.ts', 'packages/core/new/folder/x.ts'],
    ['Größe.ts'.normalize('NFD'), 'Größe.ts'],
    ['packages\\core\\src\\main.ts', 'packages/core/src/main.ts'],
    ['...', '...'],
  ])('%s at the root is %s', async (typed, path) => {
    expect(await locked(typed)).toBe(path);
  });

  test.each([
    ['README.md', 'packages/README.md'],
    ['../a.ts', 'a.ts'],
    ['core/src/main.ts', 'packages/core/src/main.ts'],
    ['../core/src/main.ts', 'packages/core/src/main.ts'],
    ['..\\a.ts', 'a.ts'],
  ])('%s in a subfolder is %s', async (typed, path) => {
    expect(await locked(typed, join(root, 'packages'))).toBe(path);
  });

  test('an absolute path inside the repository is taken, by any name of the repository', async () => {
    expect(await locked(join(root, 'packages/core/src/main.ts'))).toBe('packages/core/src/main.ts');
    expect(await locked(join(folder, 'alias/a.ts'))).toBe('a.ts');
    expect(await locked('a.ts', join(folder, 'alias'))).toBe('a.ts');
  });

  test('case follows the file system: the name on disk where it ignores case, two files where it does not', async () => {
    const ignoresCase = existsSync(join(root, 'A.TS'));
    expect(await locked('A.TS')).toBe(ignoresCase ? 'a.ts' : 'A.TS');
  });

  test('a worktree and a clone give the same path and the same project', async () => {
    git('-c', 'user.name=t', '-c', 'user.email=t@example.org', 'commit', '-q', '--allow-empty', '-m', 'first');
    const worktree = join(folder, 'worktree');
    git('worktree', 'add', '-q', worktree);
    const config = readConfig({});
    expect(await locked('a.ts', worktree)).toBe('a.ts');
    expect((await workspaceOf(worktree, config)).project).toBe('github.com/acme/web');
    expect((await workspaceOf(join(root, 'packages'), config)).project).toBe('github.com/acme/web');
  });
});

describe('in a subfolder', () => {
  test.each([
    ['packages/core/src/main.ts', 'core/src/main.ts'],
    ['packages/core/*.ts', 'core/*.ts'],
    ['packages/*.ts', '*.ts'],
    ['packages/', '.'],
    ['packages\\core\\src\\main.ts', 'core/src/main.ts'],
  ])('%s, as it is called at the root, is refused and said how it is called there', async (typed, meant) => {
    const refusal = await locked(typed, join(root, 'packages')).catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      code: 'invalid_input',
      hint: expect.stringContaining(`did you mean ${meant}`),
    });
  });

  test.each(['new/file.ts', './packages/new.ts', 'core/new/file.ts'])(
    '%s, which may be new, is taken',
    async (typed) => {
      const path = await locked(typed, join(root, 'packages'));
      expect(path.startsWith('packages/')).toBe(true);
      await ann.releaseLock({ paths: [path] });
    },
  );
});

describe('what is no file inside is refused', () => {
  const everywhere = [
    ...['/etc/passwd', '/', '../../etc/passwd', '../../../outside.ts', '..\\..\\outside.ts', '../outside-link.ts'],
    ...[
      'C:\\Users\\a.ts',
      'c:a.ts',
      '\\\\server\\share\\a.ts',
      '\\a.ts',
      'file:///etc/passwd',
      'https://example.org/a.ts',
    ],
    ...['', 'src/{a,b}.ts', 'src/*/../a.ts', 'a\nb.ts', 'a\0b.ts'],
  ];
  const atTheRoot = [
    '../outside.ts',
    'packages/../../outside.ts',
    'core/../../../outside.ts',
    'packages/../../../a.ts',
    '..',
    '../*.ts',
    'outside-folder/*.ts',
  ];
  const links = [
    ...['outside-link.ts', 'outside-folder/outside.ts', 'outside-folder/new.ts', 'outside-folder'],
    ...['dangling-outside.ts', 'dangling-outside/new.ts', 'dangling-outside/*.ts', 'loop', 'loop/new.ts'],
  ];

  test.each([...everywhere, ...atTheRoot, ...links])('%j at the root', (typed) => expectRefusal(typed, root));

  test.each(everywhere)('%j in a subfolder', (typed) => expectRefusal(typed, join(root, 'packages')));

  async function expectRefusal(typed: string, from: string): Promise<void> {
    const refusal = await locked(typed, from).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(CoordinationError);
    expect(refusal).toMatchObject({ code: 'invalid_input', hint: expect.stringMatching(/\w/) });
  }
});

describe('what names more than one file', () => {
  test.each([
    ['packages', 'packages/'],
    ['packages/', 'packages/'],
    ['core', 'packages/core/'],
    ['core/src/..', 'packages/core/'],
    ['not-there-yet/', 'not-there-yet/'],
    ['a.ts/', 'a.ts'],
    ['core/src/*.ts', 'packages/core/src/*.ts'],
    ['core\\**\\*.ts', 'packages/core/**/*.ts'],
    ['not-there-yet/**', 'not-there-yet/'],
    ['packages/core/**/*.tsx', 'packages/core/**/*.tsx'],
    ['resource:port-5432', 'resource:port-5432'],
    ['label:deploy', 'label:deploy'],
  ])('%s is %s', async (typed, path) => {
    expect(await locked(typed)).toBe(path);
    await ann.releaseLock({ paths: [path] });
  });

  test('a glob starts from the folder it was typed in', async () => {
    expect(await locked('*.md', join(root, 'packages'))).toBe('packages/*.md');
    expect(await locked('../packages/core/*.ts', join(root, 'packages'))).toBe('packages/core/*.ts');
  });

  test.each(['.', './', '**', 'packages/..'])(
    '%s is the whole repository, for those who are trusted',
    async (typed) => {
      await expect(locked(typed)).rejects.toMatchObject({ code: 'forbidden' });
      const elevated = await db.session('elevated', { trust: 3, project: 'whole' });
      const { locks } = await elevated.acquireLock({ paths: await prepared([typed]) });
      expect(locks).toMatchObject([{ path: './' }]);
      await elevated.endSession();
    },
  );
});

test.each([
  ['dangling.ts', 'nowhere.ts'],
  ['far.ts', 'nowhere.ts'],
  ['dangling/new.ts', 'not-there-yet/below/new.ts'],
  ['dangling/*.ts', 'not-there-yet/below/*.ts'],
])('a link that leads nowhere yet is what it leads to: %s is %s', async (typed, path) => {
  expect(await locked(typed)).toBe(path);
  await ann.releaseLock({ paths: [path] });
});

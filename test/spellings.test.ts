import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Operation, operationNamed } from '@agentcoord/contract';
import { readConfig, workspaceOf } from '@agentcoord/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase } from './helpers/database.ts';

const folders = ['src', 'packages/core/src', 'été/naïve', 'App'];
const names = [
  'server.ts',
  'größe.ts',
  'Ångström.md',
  '한글.ts',
  'two words.ts',
  '.env',
  'a..b',
  '[id].tsx',
  'X.TS',
  'ｱ',
];
const files = folders.flatMap((folder) => names.map((name) => `${folder}/${name}`));

let top: string;
let root: string;
let db: TestDatabase;

beforeAll(async () => {
  top = realpathSync(mkdtempSync(join(tmpdir(), 'coord-spellings-')));
  root = join(top, 'repository');
  for (const file of files) {
    mkdirSync(join(root, dirname(file)), { recursive: true });
    writeFileSync(join(root, file), '');
  }
  execFileSync('git', ['-C', root, 'init', '-q']);
  mkdirSync(join(root, 'links'));
  symlinkSync(root, join(top, 'alias'));
  folders.forEach((folder, index) => {
    symlinkSync(join('..', folder), join(root, `links/folder-${index}`));
  });
  files.forEach((file, index) => {
    symlinkSync(join('..', file), join(root, `links/file-${index}`));
  });
  db = await cloneDatabase();
});

afterAll(async () => {
  rmSync(top, { recursive: true, force: true });
  await db?.[Symbol.asyncDispose]();
});

/** Ten ways to write a path, each with the folder it is typed in. */
function spellings(file: string, index: number): [typed: string, from: string][] {
  const folder = dirname(file);
  const name = file.slice(folder.length + 1);
  const link = `links/folder-${folders.indexOf(folder)}`;
  const ignoresCase = existsSync(join(root, 'SRC'));
  return [
    [file, root],
    [join(root, file), root],
    [join(top, 'alias', file), root],
    [`links/file-${index}`, root],
    [`${link}/./${name}`, root],
    [`${link.replace('/', '\\')}\\${name}`, root],
    [`.//${file.normalize('NFD').replaceAll('/', '//')}`, join(top, 'alias')],
    [`../${file.split('/').at(0)}/../${file}`, join(root, 'links')],
    [name, join(root, folder)],
    [ignoresCase ? file.toUpperCase() : `${folder}/none/../${name}`, root],
  ];
}

test('400 spellings of 40 files of a real folder are 40 locks', async () => {
  const ann = await db.session('ann');
  const all = files.flatMap(spellings);
  expect(all).toHaveLength(400);
  const workspaces = new Map<string, Awaited<ReturnType<typeof workspaceOf>>>();
  for (const [typed, from] of all) {
    const workspace = workspaces.get(from) ?? (await workspaceOf(from, readConfig({})));
    workspaces.set(from, workspace);
    const { paths } = workspace.prepare(operationNamed('acquire_lock') as Operation, { paths: [typed] });
    expect(await ann.acquireLock({ paths: paths as string[] })).toMatchObject({ acquired: true });
  }
  const rows = await db.sql<{ path: string }[]>`select path from coord.locks`;
  expect(rows.map(({ path }) => path).sort()).toEqual(files.map((file) => file.normalize('NFC')).sort());
});

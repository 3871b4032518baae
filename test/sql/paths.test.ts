import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';

let db: TestDatabase;
let ann: TestSession;

beforeAll(async () => {
  db = await cloneDatabase();
  ann = await db.session('ann');
});
afterAll(() => db?.[Symbol.asyncDispose]());

const normal = async (path: string) =>
  (await db.sql<{ path: string }[]>`select coord._normal_path(${path}) as path`)[0]?.path;

test.each(['./decision:x', 'a/../session:x', './C:/x', './/resource:x', 'x/./../label:y'])(
  'a path that only looks like one once its dots are gone is refused: %s',
  async (path) => {
    await expect(ann.acquireLock({ paths: [path] })).rejects.toMatchObject({ code: 'invalid_input' });
    expect((await ann.checkLocks()).locks).toEqual([]);
  },
);

describe('one file has one key', () => {
  const names = [
    'server.ts',
    'größe.ts',
    'Ångström.md',
    'ｱ.txt',
    '한글.ts',
    'two words.ts',
    '.env',
    '...',
    'a..b',
    '[id].tsx',
  ];
  const folders = ['src', 'packages/core/src', 'été/naïve', '.github'];
  const files = folders.flatMap((folder) => names.map((name) => `${folder}/${name}`));

  /** Ten ways to write the same path. */
  function spellings(file: string): string[] {
    const first = file.slice(0, file.indexOf('/'));
    return [
      file,
      `./${file}`,
      `.//${file.replaceAll('/', '//')}`,
      file.replaceAll('/', '/./'),
      `${first}/../${file}`,
      file.replace(/[^/]+$/, 'other/deep/../../$&'),
      file.replaceAll('/', '\\'),
      `.\\${file.replace('/', '\\')}`,
      file.normalize('NFD'),
      `a/b/../../${file.normalize('NFD').replaceAll('/', '\\.\\')}`,
    ];
  }

  test('400 spellings of 40 files are 40 locks', async () => {
    const all = files.flatMap(spellings);
    expect(new Set(all).size).toBeGreaterThan(350);
    for (let start = 0; start < all.length; start += 100) {
      await ann.acquireLock({ paths: all.slice(start, start + 100) });
    }
    const rows = await db.sql<{ path: string }[]>`select path from coord.locks`;
    expect(rows.map(({ path }) => path).sort()).toEqual(files.map((file) => file.normalize('NFC')).sort());
  });

  test('the same spelling works for looking and for releasing', async () => {
    await ann.acquireLock({ paths: ['docs/Überblick.md'] });
    const other = './docs\\guide/..//Überblick.md'.normalize('NFD');
    expect((await ann.checkLocks({ paths: [other] })).locks).toHaveLength(1);
    expect(await ann.releaseLock({ paths: [other] })).toMatchObject({ released_paths: ['docs/Überblick.md'] });
  });

  test('letters of different case are different files', async () => {
    expect(await normal('SRC/a.ts')).toBe('SRC/a.ts');
  });

  test.each([
    ['x'.repeat(1024), 1024],
    ['ü'.repeat(512), 1024],
  ])('a path of 1024 bytes is taken (%#)', async (path, bytes) => {
    expect(Buffer.byteLength(String(await normal(path)))).toBe(bytes);
  });
});

describe('the form of a path says what it names', () => {
  test.each([
    ['src/', 'src/'],
    ['src\\', 'src/'],
    ['src//', 'src/'],
    ['src/.', 'src/'],
    ['src/a/..', 'src/'],
    ['src/**', 'src/'],
    ['src/**/**/', 'src/'],
    ['.', './'],
    ['./', './'],
    ['a/..', './'],
    ['**', './'],
    ['./**', './'],
  ])('%j is the tree %j', async (typed, path) => {
    expect(await normal(typed)).toBe(path);
  });

  test.each([
    ['./src//*.ts', 'src/*.ts'],
    ['src/***/a.ts', 'src/**/a.ts'],
    ['src/**/**/a.ts', 'src/**/a.ts'],
    ['src/a**b.ts', 'src/a*b.ts'],
    ['src/*/', 'src/*/**'],
    ['Größe?.ts'.normalize('NFD'), 'Größe?.ts'],
  ])('%j is the glob %j', async (typed, path) => {
    expect(await normal(typed)).toBe(path);
  });

  test.each(['resource:port-5432', 'label:deploy', `label:${'x'.repeat(128)}`, 'resource:db/users'])(
    '%j is a name',
    async (name) => {
      expect(await normal(name)).toBe(name);
    },
  );

  test.each(['app/[id]/page.tsx', 'app/(group)/[...slug].tsx', '{{x}}.tpl', 'a{b}.ts', 'src/!keep'])(
    '%j is a file',
    async (file) => {
      expect(await normal(file)).toBe(file);
    },
  );
});

describe('what is no file of the repository is refused', () => {
  const escapes = [
    ...['..', '../a.ts', './../a.ts', 'a/../../b.ts', 'src/../../a.ts', '..\\a.ts', 'a\\..\\..\\b.ts', './/..//a.ts'],
    ...['/etc/passwd', '//server/share/a.ts', '\\\\server\\share\\a.ts', '\\a.ts', '/', '///', '/./a.ts'],
    ...[
      'C:\\Users\\a.ts',
      'C:/Users/a.ts',
      'c:a.ts',
      'C:',
      'file:///etc/passwd',
      'https://example.org/a.ts',
      'ssh:a.ts',
    ],
    ...['//.', 'src/{a,b}.ts', '{a,{b,c}}.ts', `${'{a,b}'.repeat(200)}`, 'src/{x}/*.ts', '**/../a.ts', 'a/*/../b.ts'],
    ...[`${'x'.repeat(253)}*.ts`, '*/*/*/*/*/*/*/*/*', 'a?b?c?d?e?f?g?h?i?', `${'*a'.repeat(500)}`],
    ...['resource:', 'label:', 'resource:a b', 'label:a/', 'resource:ü', `resource:${'x'.repeat(129)}`, 'lable:x'],
    ...['a\nb.ts', 'a\tb.ts', '\u0001', 'a\u007f.ts', 'src/\u001b[2Jx.ts', 'a\r'],
    ...['x'.repeat(1025), 'ü'.repeat(513), `${'d/'.repeat(600)}a.ts`, ''],
  ];

  test.each(escapes.map((path) => [path.length > 60 ? `${path.slice(0, 30)}… (${path.length})` : path, path]))(
    '%j',
    async (_, path) => {
      const refusal = await normal(path).catch((error: unknown) => error);
      expect(refusal).toMatchObject({ code: 'BADIN', hint: expect.stringMatching(/\w/) });
    },
  );

  test.each(['../a.ts', 'C:\\a.ts', 'src/{a,b}.ts'])(
    '%j is refused by every lock operation, and nothing is locked',
    async (bad) => {
      const count = () => db.sql`select count(*) from coord.locks`;
      const before = await count();
      const refused = { code: 'invalid_input', hint: expect.stringMatching(/\w/) };
      await expect(ann.acquireLock({ paths: ['fine.ts', bad] })).rejects.toMatchObject(refused);
      await expect(ann.acquireLock({ paths: [bad] })).rejects.toMatchObject(refused);
      await expect(ann.releaseLock({ paths: [bad] })).rejects.toMatchObject(refused);
      await expect(ann.releaseLock({ paths: ['fine.ts', bad] })).rejects.toMatchObject(refused);
      await expect(ann.checkLocks({ paths: [bad] })).rejects.toMatchObject(refused);
      expect(await count()).toEqual(before);
    },
  );

  test('a message repeats at most a hundred characters of what was sent', async () => {
    const refusal = await ann.acquireLock({ paths: [`/${'x'.repeat(1000)}`] }).catch((error: Error) => error);
    expect((refusal as Error).message.length).toBeLessThan(200);
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

/** What the database says of many pairs at once. */
async function overlaps(pairs: [one: string, other: string][]): Promise<boolean[]> {
  const rows = await db.sql<{ answer: boolean }[]>`
    select coord._overlaps(p ->> 0, p ->> 1) as answer
    from jsonb_array_elements(${JSON.stringify(pairs)}::text::jsonb) with ordinality e(p, place) order by place`;
  return rows.map(({ answer }) => answer);
}

describe('compared with every path of a small alphabet', () => {
  const letters = ['a', 'b'];
  const names = [...letters, ...letters.flatMap((one) => letters.map((other) => one + other)), 'aba', 'abb'];
  const maxDepth = 4;

  /** All paths of up to four segments out of eight names: what two patterns of our alphabet have in common, if anything. */
  const universe: string[] = [];
  function grow(path: string, depth: number): void {
    for (const name of names) {
      const next = path === '' ? name : `${path}/${name}`;
      universe.push(next);
      if (depth < maxDepth) grow(next, depth + 1);
    }
  }
  grow('', 1);

  /** Written without regular expressions and without a look at the SQL: one character, one segment at a time. */
  function segmentMatches(pattern: string, name: string): boolean {
    if (pattern === '') return name === '';
    const [first, rest] = [pattern[0], pattern.slice(1)];
    if (first === '*') return segmentMatches(rest, name) || (name !== '' && segmentMatches(pattern, name.slice(1)));
    return name !== '' && (first === '?' || first === name[0]) && segmentMatches(rest, name.slice(1));
  }

  function matches(pattern: string[], path: string[]): boolean {
    const [first, ...rest] = pattern;
    if (first === undefined) return path.length === 0;
    const [head, ...tail] = path;
    if (first !== '**') return head !== undefined && segmentMatches(first, head) && matches(rest, tail);
    if (rest.length === 0) return path.length > 0;
    return matches(rest, path) || (path.length > 0 && matches(pattern, tail));
  }

  const asPattern = (path: string) => {
    if (path === './') return ['**'];
    return path.endsWith('/') ? [...path.slice(0, -1).split('/'), '**'] : path.split('/');
  };

  let random = 20_261_121;
  const below = (count: number) => {
    random = (random * 48_271) % 2_147_483_647;
    return random % count;
  };
  const pick = <Item>(items: readonly Item[]) => items[below(items.length)] as Item;

  /** At most three segments (two with a last `**`), so that whatever two have in common has at most four. */
  function randomPath(): string {
    const segment = () => pick([...letters, 'ab', '*', '?', 'a*', '*b', '?a', 'a?', '*a*', 'a*b', '??']);
    const plain = () => pick(names);
    switch (below(5)) {
      case 0:
        return Array.from({ length: 1 + below(3) }, plain).join('/');
      case 1:
        return below(20) === 0 ? './' : `${Array.from({ length: 1 + below(2) }, plain).join('/')}/`;
      default: {
        const segments = Array.from({ length: 1 + below(2) }, () => (below(3) === 0 ? plain() : segment()));
        if (below(2) === 0) segments.splice(below(segments.length), 0, '**');
        else if (below(3) === 0) segments.push('**');
        return segments.join('/');
      }
    }
  }

  test('20,000 pairs of files, trees and globs differ in none', async () => {
    const paths = [...new Set(Array.from({ length: 900 }, randomPath))];
    const rows = await db.sql<{ path: string; normal: string }[]>`
      select p as path, coord._normal_path(p) as normal from unnest(${paths}::text[]) p`;
    const normal = [...new Set(rows.map((row) => row.normal))];
    const sets = new Map(
      normal.map((path) => {
        const pattern = asPattern(path);
        return [path, new Set(universe.filter((file) => matches(pattern, file.split('/'))))];
      }),
    );
    const pairs = Array.from({ length: 24_000 }, (): [string, string] => [pick(normal), pick(normal)]);
    const answers = await overlaps(pairs);
    const wrong = pairs.filter(([one, other], index) => {
      const [small, large] = [sets.get(one), sets.get(other)].sort((a, b) => Number(a?.size) - Number(b?.size));
      const common = [...(small ?? [])].some((file) => large?.has(file));
      return common !== answers[index];
    });
    expect(wrong).toEqual([]);
    expect(answers.filter(Boolean).length).toBeGreaterThan(4000);
    expect(answers.filter((answer) => !answer).length).toBeGreaterThan(4000);
    console.log(`${pairs.length} pairs of ${normal.length} paths against ${universe.length} files: 0 differences`);
  }, 60_000);
});

describe('special cases', () => {
  test.each([
    ['src/a.ts', 'src/', true],
    ['src', 'src/', false],
    ['srcs/a.ts', 'src/', false],
    ['src/api/', 'src/', true],
    ['./', 'a', true],
    ['./', '**/*.ts', true],
    ['src/**/*.ts', 'src/a.ts', true],
    ['src/**/*.ts', 'src/x/y/a.ts', true],
    ['src/**/*.ts', 'src/a.tsx', false],
    ['src/*.ts', 'src/api/', false],
    ['src/*/a.ts', 'src/api/', true],
    ['app/[id].tsx', 'app/i.tsx', false],
    ['app/*.tsx', 'app/[id].tsx', true],
    ['a.b', 'a?b', true],
    ['a+b/(c)', 'a+b/*', true],
    ['src/größe.ts', 'src/gr??e.ts', true],
    ['resource:a', 'resource:a', true],
    ['resource:a', 'label:a', false],
    ['resource:a', './', false],
    ['resource:a/b', '**/b', false],
    ['[?]x*', '[a]?y', true],
    ['[?]x*', '[a]zy?', false],
    ['[?]*', '[a]?', true],
    ['^?-*]', '^a?b]', true],
    ['^?-*]', '^a?b[', false],
    ['?]*[.', ']?a[.', true],
    ['?.*', 'aab?', false],
    ['a?c*', '?bd*', false],
    ['a?c*', '?bc*', true],
    ['*?z', 'a*y?', true],
    ['*xz', 'a*y?', false],
    ['ä?*', '?ö?', true],
  ])('%j and %j: %j', async (one, other, expected) => {
    expect(
      await overlaps([
        [one, other],
        [other, one],
      ]),
    ).toEqual([expected, expected]);
  });

  test('patterns made to be slow are not', async () => {
    const slow = (letter: string) => `${'*a'.repeat(7)}*${letter}`;
    const many = (letter: string) => `a/**/${'a/'.repeat(100)}**/${'a/'.repeat(10)}${letter}`;
    const long = `${'a/'.repeat(500)}b`;
    const start = performance.now();
    expect(
      await overlaps([
        [slow('b'), `${'a'.repeat(240)}c`],
        [slow('b'), `${'?'.repeat(8)}${'a'.repeat(200)}c`],
        [slow('b'), slow('c')],
        [many('x'), long],
        [many('x'), many('y')],
        [many('x'), `${'a/'.repeat(115)}?`],
      ]),
    ).toEqual([false, false, false, false, false, true]);
    expect(performance.now() - start).toBeLessThan(2000);
  });

  test('letter by letter, text and patterns with ? agree with a comparison of every text', async () => {
    const alphabet = ['a', ']', '^'];
    const texts = (length: number): string[] =>
      length === 0 ? [''] : texts(length - 1).flatMap((text) => alphabet.map((letter) => text + letter));
    const all = [1, 2, 3, 4].flatMap(texts);
    const matches = (pattern: string, text: string): boolean => {
      if (pattern === '') return text === '';
      if (pattern[0] === '*') {
        return matches(pattern.slice(1), text) || (text !== '' && matches(pattern, text.slice(1)));
      }
      return text !== '' && (pattern[0] === '?' || pattern[0] === text[0]) && matches(pattern.slice(1), text.slice(1));
    };
    const some = ['?', '*', ...alphabet];
    const patterns = some
      .flatMap((a) => some.flatMap((b) => some.map((c) => `${a}${b}${c}`)))
      .filter((pattern) => /[*?]/.test(pattern) && !pattern.includes('**'));
    const pairs = patterns.flatMap((one) => patterns.map((other): [string, string] => [one, other]));
    const sets = new Map(patterns.map((pattern) => [pattern, all.filter((text) => matches(pattern, text))]));
    const answers = await overlaps(pairs);
    const wrong = pairs.filter(([one, other], index) => {
      const common = sets.get(one)?.some((text) => matches(other, text)) ?? false;
      // Three characters and three: what two of them have in common may need a text of six.
      return one.includes('*') && other.includes('*') ? common && !answers[index] : common !== answers[index];
    });
    expect(wrong).toEqual([]);
  });
});

describe('globs made to be slow', () => {
  const holder = Array.from({ length: 10 }, (_, number) => `q/?${'a'.repeat(200 - number)}?`);
  const asked = Array.from({ length: 10 }, (_, number) => `q/*${'a'.repeat(90 + number)}b?`);

  test('cost those who ask milliseconds, and hold up no queue', async () => {
    const [kim, ann, bob] = (await Promise.all(
      ['kim', 'ann', 'bob'].map((agent) => db.session(agent, { trust: 2 })),
    )) as [TestSession, TestSession, TestSession];
    await kim.acquireLock({ paths: holder, ttl_seconds: 28_800 });
    const begun = performance.now();
    expect(await ann.checkLocks({ paths: asked })).toMatchObject({ locks: [] });
    expect(performance.now() - begun).toBeLessThan(1500);
    await ann.submitWork({ title: 'first', priority: 1, paths: asked });
    await ann.submitWork({ title: 'second' });
    expect(await bob.getWork({})).toMatchObject({ task: { title: 'first' } });
    expect(await ann.getWork({})).toMatchObject({ task: { title: 'second' } });
    expect(performance.now() - begun).toBeLessThan(4000);
  });

  test('are refused when they have too many segments', async () => {
    const ann = await db.session('ann', { trust: 2 });
    await expect(ann.checkLocks({ paths: [`${'a/'.repeat(32)}*`] })).rejects.toMatchObject({ code: 'invalid_input' });
    await ann.checkLocks({ paths: [`${'a/'.repeat(31)}*`] });
  });
});

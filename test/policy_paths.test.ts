import fc from 'fast-check';
import { expect, test } from 'vitest';
import { normalPath } from '../packages/core/src/policies/file.ts';
import { cloneDatabase } from './helpers/database.ts';

const segment = fc.oneof(
  fc.constantFrom(
    '.',
    '..',
    '',
    '*',
    '**',
    '***',
    'a',
    'src',
    'a*',
    '*.ts',
    'a?.ts',
    'é',
    'e\u0301',
    'x y',
    '[a]',
    '-',
  ),
  fc.string({ unit: fc.constantFrom('a', 'B', '.', '*', '?', '-', '_', '\\'), maxLength: 6 }),
);
const spelled = fc
  .tuple(fc.array(segment, { minLength: 1, maxLength: 6 }), fc.constantFrom('/', '//', '\\'), fc.boolean())
  .map(([segments, separator, ends]) => segments.join(separator) + (ends ? '/' : ''));
const name = fc.constantFrom('resource:port-5432', 'label:deploy/x', 'resource:a.b');

test('a path means to a policy what it means to the database, however it is spelled', async () => {
  await using db = await cloneDatabase();
  await db.sql.unsafe(`
    create function coord._form_or_nothing(p_path text) returns text language plpgsql as $$
    begin return coord._lexical_path(p_path); exception when sqlstate 'BADIN' then return null; end $$`);
  const paths = [...new Set(fc.sample(fc.oneof(spelled, name), { numRuns: 5000, seed: 7 }))];
  const forms = await db.sql<{ path: string; form: string | null }[]>`
    select p.path, coord._form_or_nothing(p.path) as form from unnest(${paths}::text[]) p(path)`;
  const taken = forms.filter(({ form }) => form !== null);
  expect(taken.length).toBeGreaterThan(1000);
  expect(taken.map(({ path }) => [path, normalPath(path)])).toEqual(taken.map(({ path, form }) => [path, form]));
});

import { expect, test } from 'vitest';
import { cloneDatabase } from '../helpers/database.ts';

test('a call with very many lines is looked through while the process goes on, and two do not share their counts', async () => {
  await using db = await cloneDatabase();
  const [ann, bob] = [await db.session('ann'), await db.session('bob', { project: 'other' })];
  const many = { title: 'x', description: 'fix a thing\n'.repeat(20_000) };
  let [rounds, isDone] = [0, false];
  const count = () => {
    rounds += 1;
    if (!isDone) setImmediate(count);
  };
  const submitting = Promise.all([
    ann.submitWorkBatch({ tasks: [many, many, many, many] }),
    bob.submitWorkBatch({ tasks: [many, many, { ...many, description: `${many.description}git push --force` }] }),
  ]).finally(() => {
    isDone = true;
  });
  count();
  await expect(submitting).rejects.toMatchObject({ details: { violations: [{ rule: 'force_push' }] } });
  expect(rounds).toBeGreaterThan(20);
});

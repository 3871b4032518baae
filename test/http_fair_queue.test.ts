import { expect, test } from 'vitest';
import { FairQueue } from '../packages/http/src/fair_queue.ts';

const nextRound = () => new Promise(setImmediate);

test('of one owner four requests begin in a round, in their order, and another owner begins beside them', async () => {
  const queue = new FairQueue();
  const begun: string[] = [];
  const ask = (owner: string, name: string) =>
    queue.run(owner, async () => {
      begun.push(name);
      return name;
    });
  const many = Array.from({ length: 10 }, (_, index) => ask('greedy', String(index)));
  const one = ask('other', 'other');
  expect(begun).toEqual(['0', '1', '2', '3', 'other']);
  await nextRound();
  expect(begun.length).toBeLessThan(10);
  expect(await Promise.all(many)).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
  expect(begun.filter((name) => name !== 'other')).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
  expect(await one).toBe('other');
});

test('what takes long before it waits for something is the only one of its owner in a round', async () => {
  const queue = new FairQueue();
  const begun: number[] = [];
  const all = [1, 2, 3].map((name) =>
    queue.run('slow', async () => {
      begun.push(name);
      for (const until = performance.now() + 10; performance.now() < until; );
    }),
  );
  expect(begun).toEqual([1]);
  await Promise.all(all);
  expect(begun).toEqual([1, 2, 3]);
});

test('a failure is that of its request, and the next one has its turn', async () => {
  const queue = new FairQueue();
  const all = Array.from({ length: 6 }, (_, index) =>
    queue.run('x', async () => {
      if (index % 2) throw new Error(String(index));
      return index;
    }),
  );
  const outcomes = await Promise.allSettled(all);
  expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual([true, false, true, false, true, false]);
});

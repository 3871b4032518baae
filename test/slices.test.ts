import { expect, test } from 'vitest';
import { atOnce, inSlices } from '../packages/core/src/slices.ts';

/** Holds the process for a millisecond, a number of times, and notes each of them. */
function* busy(milliseconds: number, note: () => void = () => {}): Generator<undefined, number> {
  for (let each = 0; each < milliseconds; each++) {
    const until = performance.now() + 1;
    while (performance.now() < until);
    note();
    yield;
  }
  return milliseconds;
}

test('a short computation has its result at once', () => {
  expect(inSlices(busy(0), 'x')).toBe(0);
  expect(atOnce(busy(20))).toBe(20);
});

test('long ones take turns with each other and with everything else', async () => {
  const order: string[] = [];
  const note = (name: string) => order.push(name);
  const long = ['a', 'b'].map((name) =>
    inSlices(
      busy(40, () => note(name)),
      name,
    ),
  );
  // In the next round, because in this one those two have taken what may be done at once.
  await new Promise(setImmediate);
  expect(inSlices(busy(0), 'x')).toBe(0);
  const others = new Promise((resolve) => setTimeout(() => resolve(note('timer')), 15));
  expect(await Promise.all(long)).toEqual([40, 40]);
  await others;
  expect(order.indexOf('timer')).toBeLessThan(order.length - 2);
  expect(order.lastIndexOf('a')).toBeGreaterThan(order.indexOf('b'));
  expect(order.lastIndexOf('b')).toBeGreaterThan(order.lastIndexOf('a') - 12);
});

test('a failure in a later slice is the failure of the whole, and the next one has its turn', async () => {
  function* failing(): Generator<undefined, never> {
    yield* busy(20);
    throw new Error('broken');
  }
  const failed = inSlices(failing(), 'x');
  const next = inSlices(busy(20), 'x');
  await expect(failed).rejects.toThrow('broken');
  expect(await next).toBe(20);
});

test('those of one owner follow each other, and make a second owner wait for no more than one of them', async () => {
  const order: string[] = [];
  const note = (name: string) => () => order.push(name);
  const many = Array.from({ length: 10 }, (_, index) => inSlices(busy(10, note(`many ${index}`)), 'many'));
  const one = inSlices(busy(10, note('one')), 'one');
  await Promise.all([...many, one]);
  const ownOrder = order.filter((name) => name !== 'one');
  expect(ownOrder).toEqual(ownOrder.toSorted((a, b) => Number(a.split(' ')[1]) - Number(b.split(' ')[1])));
  expect(order.lastIndexOf('one')).toBeLessThan(40);
});

test('an owner with too many gets no further ones, until they are done', async () => {
  const started = Array.from({ length: 51 }, () => {
    try {
      return inSlices(busy(2), 'much');
    } catch (error) {
      return Promise.reject(error);
    }
  });
  const outcomes = await Promise.allSettled(started);
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(50);
  expect(outcomes.at(-1)).toMatchObject({ reason: { code: 'limit_exceeded' } });
  expect(inSlices(busy(0), 'much')).toBe(0);
});

test('of many short ones that begin together only the first are done at once', async () => {
  await new Promise(setImmediate);
  // biome-ignore lint/correctness/useYield: one that never pauses is what is looked at.
  function* whole(): Generator<undefined, number> {
    const until = performance.now() + 2;
    while (performance.now() < until);
    return 2;
  }
  const results = Array.from({ length: 40 }, (_, index) => inSlices(whole(), `short ${index}`));
  expect(results.filter((result) => typeof result === 'number').length).toBeLessThan(5);
  let rounds = 0;
  const counting = setInterval(() => rounds++, 0);
  expect(await Promise.all(results)).toEqual(results.map(() => 2));
  clearInterval(counting);
  expect(rounds).toBeGreaterThan(5);
  await new Promise(setImmediate);
  expect(inSlices(whole(), 'later')).toBe(2);
});

test('whoever has held the process for long rests, and others go on meanwhile', async () => {
  await new Promise(setImmediate);
  // biome-ignore lint/correctness/useYield: one that never pauses is what is looked at.
  function* whole(): Generator<undefined, number> {
    const until = performance.now() + 60;
    while (performance.now() < until);
    return 60;
  }
  const order: string[] = [];
  const done = (name: string) => () => order.push(name);
  expect(inSlices(whole(), 'greedy')).toBe(60);
  await new Promise(setImmediate);
  const resting = inSlices(busy(0), 'greedy');
  expect(resting).toBeInstanceOf(Promise);
  const rested = Promise.resolve(resting).then(done('greedy'));
  expect(inSlices(busy(0), 'other')).toBe(0);
  await Promise.resolve(inSlices(busy(10), 'other')).then(done('other'));
  await rested;
  expect(order).toEqual(['other', 'greedy']);
});

import { describe, expect, test } from 'vitest';
import { contextOf } from '../../packages/core/src/guardrails/context.ts';
import { check } from '../../packages/core/src/guardrails/engine.ts';
import { type Case, dangerous, harmless } from './corpus.ts';
import { disguises, transforms } from './transforms.ts';

const rulesOf = (text: string) => check({ text }).violations.map(({ rule }) => rule);

/** What is a shell command and would still be one inside another. */
const commands: readonly Case[] = [...dangerous, ...harmless].filter(
  ({ text, rule }) => rule !== 'unparsable' && contextOf(text) === 'shell',
);

test('of the dangerous texts at least 98 % fall under the expected rule', () => {
  const missed = dangerous.filter(({ text, rule }) => !rulesOf(text).includes(rule as string));
  const recall = 1 - missed.length / dangerous.length;
  console.log(`recall ${(100 * recall).toFixed(2)} % of ${dangerous.length}`);
  expect(dangerous.length).toBeGreaterThan(300);
  expect(missed.map(({ text }) => text)).toEqual([]);
  expect(recall).toBeGreaterThanOrEqual(0.98);
});

test('of the harmless texts at least 98 % are allowed', () => {
  const flagged = harmless.filter(({ text, warned }) => {
    const { verdict } = check({ text });
    return verdict !== 'allow' && !(warned && verdict === 'warn');
  });
  const specificity = 1 - flagged.length / harmless.length;
  console.log(`specificity ${(100 * specificity).toFixed(2)} % of ${harmless.length}`);
  expect(harmless.length).toBeGreaterThan(300);
  expect(flagged.map(({ text }) => text)).toEqual([]);
  expect(specificity).toBeGreaterThanOrEqual(0.98);
});

describe('the verdict stays the same', () => {
  let compared = 0;
  test.each(Object.entries(transforms))('with %s', (_, transform) => {
    const different = commands.flatMap(({ text }) => {
      const changed = transform(text);
      if (changed === undefined) return [];
      compared++;
      const [before, after] = [check({ text, context: 'shell' }), check({ text: changed, context: 'shell' })];
      return before.verdict === after.verdict ? [] : [`${before.verdict} → ${after.verdict}: ${changed}`];
    });
    expect(different).toEqual([]);
  });

  test.each(Object.entries(disguises))('of a dangerous command with %s', (_, disguise) => {
    const different = commands.flatMap(({ text, rule }) => {
      const changed = rule === undefined ? undefined : disguise(text);
      if (changed === undefined) return [];
      compared++;
      const [before, after] = [check({ text, context: 'shell' }), check({ text: changed, context: 'shell' })];
      return before.verdict === after.verdict ? [] : [`${before.verdict} → ${after.verdict}: ${changed}`];
    });
    expect(different).toEqual([]);
  });

  test('in thousands of comparisons', () => {
    console.log(`${compared} comparisons under ${Object.keys(transforms).length} transforms`);
    expect(compared).toBeGreaterThan(5000);
  });
});

test('the same text and rules get the same verdict each time', () => {
  for (const { text } of dangerous) expect(check({ text })).toEqual(check({ text }));
});

test('every built-in rule that a text can fall under has a case', async () => {
  const { builtInRules } = await import('../../packages/core/src/guardrails/rules/index.ts');
  const { fixedRules } = await import('../../packages/core/src/guardrails/verdict.ts');
  const covered = new Set(dangerous.map(({ rule }) => rule));
  expect(Object.keys(builtInRules).filter((rule) => !covered.has(rule) && !fixedRules.has(rule))).toEqual([]);
});

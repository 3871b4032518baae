import { expect, test } from 'vitest';
import { actionsIn } from '../../packages/core/src/guardrails/actions.ts';
import { violationsOf } from '../../packages/core/src/guardrails/guarded.ts';
import { atOnce } from '../../packages/core/src/slices.ts';
import { commandLines, sentences } from './corpus.ts';

const database = { call: async () => ({ rules: [], version: 0 }) };

/** What `submit_work` would be told of a description, by the rules that are built in. */
async function violationsOfDescription(description: string) {
  const actions = atOnce(actionsIn('description', description));
  const { violations } = await violationsOf(actions, database as never, { project_id: 1, session_id: 'x' });
  return violations;
}

test.for(commandLines)('$text is a command ($rule)', async ({ text, rule }) => {
  expect((await violationsOfDescription(text)).map((violation) => violation.rule)).toContain(rule);
});

test.for(sentences)('$text is none', async ({ text }) => {
  expect((await violationsOfDescription(text)).map(({ rule, matched_text }) => `${rule}: ${matched_text}`)).toEqual([]);
});

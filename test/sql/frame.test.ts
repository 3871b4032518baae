import { operations } from '@agentcoord/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectId } from '../helpers/callers.ts';
import { cloneDatabase, type TestDatabase } from '../helpers/database.ts';
import { journalledAs } from '../helpers/journalled.ts';

let db: TestDatabase;
let p_caller: object;

beforeAll(async () => {
  db = await cloneDatabase();
  const { session_id } = await db.session('nobody', { trust: 1 });
  await db.sql`update coord.sessions set trust = 0, fresh_until = '-infinity' where session_id = ${session_id}`;
  p_caller = { project_id: await projectId(db), session_id };
});
afterAll(() => db?.[Symbol.asyncDispose]());

describe.each(operations.map((operation) => [operation.name, operation] as const))('%s', (name, operation) => {
  test('refuses who is not trusted enough before it looks at anything, and journals it under its own name', async () => {
    const fields = Object.keys(operation.input.shape).map((field) => [`p_${field}`, null]);
    const answer = await db.database.call(name, { ...Object.fromEntries(fields), p_caller });
    expect(answer, `${name} has to begin with coord._enter, and to return its answer`).toMatchObject({
      error: { code: 'forbidden' },
    });
    const [row] = await db.sql`select operation, outcome from coord.journal order by entry_id desc limit 1`;
    expect(row).toEqual({ operation: journalledAs(operation), outcome: 'forbidden' });
  });

  test('takes no field that it does not know', () => {
    const issues = operation.input.safeParse({ no_such_field: 1 }).error?.issues ?? [];
    expect(issues.map(({ code }) => code)).toContain('unrecognized_keys');
  });
});

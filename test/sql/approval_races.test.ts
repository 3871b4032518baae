import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { action, callerOf, requested } from '../helpers/approvals.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { call, Racers } from '../helpers/racers.ts';

let db: TestDatabase;
let ann: TestSession;
let boss: TestSession;
let racers: Racers;

beforeAll(async () => {
  db = await cloneDatabase();
  ann = await db.session('ann');
  boss = await db.session('boss', { trust: 3 });
  racers = await Racers.open(db, 6);
});
afterAll(async () => {
  await racers?.[Symbol.asyncDispose]();
  await db?.[Symbol.asyncDispose]();
});

describe('two at once', () => {
  type Answer = { error?: { code: string; details: { reason: string } }; status?: string; used?: boolean };

  test('who decide leave one decision; one item in the inbox, and one journal row that says ok', async () => {
    const deciders = await Promise.all(Array.from({ length: 6 }, (_, n) => db.session(`decider-${n}`, { trust: 3 })));
    const callers = deciders.map((decider) => callerOf(db, decider));
    for (let round = 0; round < 5; round++) {
      const approval_id = await requested(ann, { payload: { round } });
      const answers = await racers.run<Answer>(
        (await Promise.all(callers)).map((p_caller, n) =>
          call('decide_approval', { p_caller, p_approval_id: approval_id, p_decision: n % 2 ? 'approve' : 'deny' }),
        ),
      );
      const won = answers.filter(({ error }) => !error);
      expect(won).toHaveLength(1);
      expect((await ann.checkApproval({ approval_id })).status).toBe(won[0]?.status);
      const [counts] = await db.sql`
        select (select count(*)::integer from coord.journal where resource = ${`approval:${approval_id}`}
            and operation = 'decide_approval' and outcome = 'ok') as decisions,
          (select count(*)::integer from coord.inbox_items where subject = ${`approval:${approval_id}`}) as items`;
      expect(counts).toEqual({ decisions: 1, items: 1 });
    }
  });

  test('who use it leave one that may act', async () => {
    const callers = await Promise.all(Array.from({ length: 6 }, async () => callerOf(db, await db.session('crowd'))));
    const crowd = await db.session('crowd');
    const approval_id = await requested(crowd);
    await boss.decideApproval({ approval_id, decision: 'approve' });
    const answers = await racers.run<Answer>(
      callers.map((p_caller) =>
        call('use_approval', { p_caller, p_approval_id: approval_id, p_payload: action.payload }),
      ),
    );
    expect(answers.filter(({ used }) => used)).toHaveLength(1);
    expect(answers.filter(({ error }) => error?.details.reason === 'already_used')).toHaveLength(5);
  });

  test('who ask the same in one session have one approval', async () => {
    const dan = await db.session('dan');
    const p_caller = await callerOf(db, dan);
    const statement = call('request_approval', {
      p_caller,
      p_action_type: 'x',
      p_description: 'x',
      p_payload: action.payload,
    });
    const answers = await racers.run<{ approval_id: string }>(Array(6).fill(statement));
    expect(new Set(answers.map(({ approval_id }) => approval_id)).size).toBe(1);
  });
});

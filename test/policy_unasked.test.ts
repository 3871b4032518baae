import { expect, test } from 'vitest';
import { forbidLocks, policyGround } from './helpers/cedar.ts';

test('where no policy is asked, whoever stores or checks one is told so', async () => {
  const { db, administratorIn } = await policyGround();
  await using _ = db;
  const asking = await administratorIn('both');
  const native = await db.session('native', { project: 'both', trust: 4 });
  const unasked = expect.stringContaining('POLICY_ENGINE=cedar');
  expect(await native.checkPolicy({ operation: 'acquire_lock' })).not.toHaveProperty('hint');
  const set = { policy: 'no-locks', policy_text: `${forbidLocks};` };
  expect(await asking.setCedarPolicy(set)).not.toHaveProperty('hint');
  expect(await native.setCedarPolicy(set)).toMatchObject({ replaced: true, hint: unasked });
  expect(await native.checkPolicy({ operation: 'acquire_lock' })).toMatchObject({ engine: 'native', hint: unasked });
  const asked = await asking.checkPolicy({ operation: 'acquire_lock' });
  expect(asked).toMatchObject({ engine: 'cedar', allowed: false });
  expect(asked).not.toHaveProperty('hint');
});

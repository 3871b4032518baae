import { expect, test } from 'vitest';
import { run } from './helpers/agentcoord.ts';
import { cloneDatabase } from './helpers/database.ts';

test('an agent asks, a person lists, approves and rejects, and the exit code of use says whether to act', async () => {
  await using db = await cloneDatabase();
  const env = { DATABASE_URL: db.url, AGENT_PROJECT: 'test' };
  const cli = async (agent: string, ...words: string[]) => {
    const { code, stdout } = await run([...words, '--json'], { ...env, AGENT_ID: agent });
    return { code, answer: JSON.parse(stdout) };
  };
  const payload = '--payload={"command":"deploy web"}';
  const ask = async () => (await cli('ann', 'approval', 'request', 'deploy', 'Deploy web', payload)).answer.approval_id;

  const first = await ask();
  expect(await cli('ann', 'approval', 'use', first, payload)).toMatchObject({ code: 5 });
  const { answer } = await cli('person', 'approvals', '--status=pending');
  expect(answer.approvals).toMatchObject([{ approval_id: first, payload: { command: 'deploy web' } }]);
  expect(await cli('ann', 'approve', first)).toMatchObject({ code: 3 });
  expect(await cli('person', 'approve', first)).toMatchObject({ code: 0, answer: { status: 'approved' } });
  expect(await cli('person', 'reject', first)).toMatchObject({ code: 5 });
  expect(await cli('ann', 'approval', 'use', first, '--payload={"command":"deploy all"}')).toMatchObject({ code: 5 });
  expect(await cli('ann', 'approval', 'use', first, payload)).toMatchObject({ code: 0, answer: { used: true } });

  const second = await ask();
  const rejected = await cli('person', 'reject', second, '--reason=Not on a Friday.');
  expect(rejected).toMatchObject({ code: 0, answer: { status: 'denied' } });
  const check = await cli('ann', 'approval', 'check', second);
  expect(check.code).toBe(1);
  expect(check.answer).toMatchObject({ status: 'denied', reason: 'Not on a Friday.', decided_by: 'person' });
});

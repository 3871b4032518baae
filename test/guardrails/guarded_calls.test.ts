import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase } from '../helpers/database.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

const refusal = (field: string, rule: string) => ({
  code: 'forbidden',
  message: expect.stringContaining(`${field}: rule ${rule}`),
  details: {
    reason: 'guardrail_violation',
    verdict: 'block',
    violations: expect.arrayContaining([expect.objectContaining({ rule, field })]),
  },
});

test('a task that tells to run a dangerous command is refused, and the refusal is journalled once', async () => {
  const ann = await db.session('ann', { project: 'refused' });
  const input = { title: 'Release', input: { commands: ['npm test', 'git push --force origin main'] } };
  await expect(ann.submitWork(input)).rejects.toMatchObject(refusal('input.commands[1]', 'force_push'));
  const description = 'First:\n```sh\nnpm run build\nterraform destroy -auto-approve\n```';
  await expect(ann.submitWork({ title: 'x', description })).rejects.toMatchObject(
    refusal('description', 'terraform_destroy'),
  );
  const told = 'Then run `rm -rf ~/*` to make room.';
  await expect(ann.submitWork({ title: 'x', description: told })).rejects.toMatchObject(
    refusal('description', 'recursive_delete_root'),
  );
  await expect(ann.submitWork({ title: 'git push --force origin main' })).rejects.toMatchObject(
    refusal('title', 'force_push'),
  );
  expect((await ann.listTasks()).tasks).toEqual([]);
  const rows = await db.sql`
    select j.operation, j.outcome, j.detail ->> 'reason' as reason from coord.journal j join coord.projects p using (project_id)
    where p.name = 'refused' and j.operation = 'submit_work'`;
  expect(rows).toEqual(
    Array.from({ length: 4 }, () => ({
      operation: 'submit_work',
      outcome: 'forbidden',
      reason: 'guardrail_violation',
    })),
  );
});

test('so is what whoever works on a task leaves for the next', async () => {
  const ann = await db.session('ann', { project: 'left' });
  const { task_id } = await ann.submitWork({ title: 'x' });
  const { claim_token = 0 } = await ann.getWork();
  const told = 'Run this first:\n```sh\ngit push --force origin main\n```';
  const claim = { task_id, claim_token };
  await expect(ann.releaseTask({ ...claim, reason: told })).rejects.toMatchObject(refusal('reason', 'force_push'));
  await expect(ann.reportProgress({ ...claim, note: told })).rejects.toMatchObject(refusal('note', 'force_push'));
  await expect(ann.cancelTask({ task_id, reason: told })).rejects.toMatchObject(refusal('reason', 'force_push'));
  await expect(ann.endSession({ reason: told })).rejects.toMatchObject(refusal('reason', 'force_push'));
  expect(await ann.releaseTask({ ...claim, reason: 'git push fails' })).toMatchObject({ released: true });
});

test.each([
  'Remove DROP TABLE from the migration',
  'Fix the git push --force bug',
  'Document why `rm -rf /` is blocked',
  'Find out who calls terraform destroy',
  'Never run `git push --force` here',
  'make the delete button red',
  'git push --force is forbidden on main',
  'rm -rf must not be used in scripts',
  'Drop table view from dashboard',
  "Don't delete from users without a where",
])('prose is no command: %s', async (text) => {
  const ann = await db.session('ann', { project: 'prose' });
  const answer = await ann.submitWork({ title: text, description: `${text}. Details follow.` });
  expect(answer).toMatchObject({ status: 'ready' });
  expect(answer.guardrails).toBeUndefined();
});

test('batches, classic tasks and completions are looked through as well', async () => {
  const ann = await db.session('ann', { project: 'others' });
  const bad = '```\nrm -rf /\n```';
  await expect(
    ann.submitWorkBatch({ tasks: [{ title: 'fine' }, { title: 'x', description: bad }] }),
  ).rejects.toMatchObject(refusal('tasks[1].description', 'recursive_delete_root'));
  await expect(ann.createTask({ title: 'x', description: bad })).rejects.toMatchObject(
    refusal('description', 'recursive_delete_root'),
  );
  const { task_id } = await ann.submitWork({ title: 'fine' });
  const { claim_token } = await ann.getWork();
  const result = { evidence: { command: 'git push -f', exit_code: 0 } };
  const claim = { task_id, claim_token: claim_token ?? 0 };
  await expect(ann.completeWork({ ...claim, result })).rejects.toMatchObject(
    refusal('result.evidence.command', 'force_push'),
  );
  expect(await ann.completeWork({ ...claim, result: { command: 'npm test' } })).toMatchObject({ status: 'done' });
});

test('what is only warned of is carried out, and the answer says so', async () => {
  const ann = await db.session('ann', { project: 'warned' });
  const answer = await ann.submitWork({ title: 'Tidy up', input: { command: 'git branch -D old' } });
  expect(answer).toMatchObject({ status: 'ready', guardrails: [{ rule: 'branch_deletion', field: 'input.command' }] });
  const lead = await db.session('lead', { project: 'warned', trust: 3 });
  const forced = await lead.submitWork({ title: 'Release', input: { command: 'git push --force' } });
  expect(forced).toMatchObject({ status: 'ready', guardrails: [{ rule: 'force_push', bypassed: true }] });
});

test('a call that is repeated is warned again, and its violation is kept once', async () => {
  const ann = await db.session('ann', { project: 'twice' });
  const input = { title: 'Tidy up', input: { command: 'git branch -D old' } };
  const first = await ann.submitWork(input, { idempotency_key: 'tidy' });
  expect(first.guardrails).toHaveLength(1);
  expect(await ann.submitWork(input, { idempotency_key: 'tidy' })).toEqual(first);
  expect((await ann.listGuardrailViolations()).violations).toHaveLength(1);
});

test('a call that is repeated by its idempotency key is answered as before, whatever the rules say by then', async () => {
  const [ann, admin] = [
    await db.session('ann', { project: 'again' }),
    await db.session('admin', { project: 'again', trust: 4 }),
  ];
  const input = { title: 'Tea', input: { command: 'make tea' } };
  const key = { idempotency_key: 'tea-1' };
  const first = await ann.submitWork(input, key);
  await admin.setGuardrailRule({ rule: 'no_tea', pattern: 'tea' });
  const codeOf = (error: { code: string }) => error.code;
  const another = () => ann.submitWork(input, { idempotency_key: `tea-${Math.random()}` }).catch(codeOf);
  await expect.poll(another, { timeout: 6500, interval: 250 }).toBe('forbidden');
  expect(await ann.submitWork(input, key)).toMatchObject({ task_id: first.task_id });
});

describe('an idempotency key does not carry past the guardrails', () => {
  const key = { idempotency_key: 'once' };
  const force = { title: 'Release', input: { command: 'git push --force origin main' } };

  test('a call that differs from the first one', async () => {
    const ann = await db.session('ann', { project: 'reused' });
    await ann.submitWork({ title: 'Tea' }, key);
    const refused = { code: 'forbidden', details: { reason: 'guardrail_violation' } };
    await expect(ann.submitWork(force, key)).rejects.toMatchObject(refused);
    expect((await ann.listGuardrailViolations()).violations).toHaveLength(1);
  });

  test('a repetition of what is being forgotten at that moment', async () => {
    const project = 'forgotten';
    const [ann, lead] = [await db.session('ann', { project }), await db.session('ann', { project, trust: 3 })];
    await lead.submitWork(force, key);
    let repeated: Promise<unknown> = Promise.resolve();
    await db.sql.begin(async (sql) => {
      await sql`delete from coord.idempotency_keys where key = 'once' and operation = 'submit_work'`;
      repeated = ann.submitWork(force, key).catch((error) => error);
      const waiting = () => db.sql`
        select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
      await expect.poll(async () => (await waiting()).length).toBeGreaterThan(0);
    });
    expect(await repeated).toMatchObject({ code: 'conflict', details: { reason: 'repetition_forgotten' } });
    await expect(ann.submitWork(force, key)).rejects.toMatchObject({ code: 'forbidden' });
    expect((await ann.listTasks()).tasks).toHaveLength(1);
  });
});

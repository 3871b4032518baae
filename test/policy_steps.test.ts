import type { Database } from '@agentcoord/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectId } from './helpers/callers.ts';
import { forbidLocks, type PolicyGround, policyGround, speakThrough } from './helpers/cedar.ts';
import type { TestDatabase } from './helpers/database.ts';

let db: TestDatabase;
let cedar: Database;
let agentIn: PolicyGround['agentIn'];
let administratorIn: PolicyGround['administratorIn'];

beforeAll(async () => {
  ({ db, cedar, agentIn, administratorIn } = await policyGround());
});
afterAll(() => db?.[Symbol.asyncDispose]());

const forbidTasks = 'forbid (principal, action == Action::"submit_work", resource)';
const frozen = 'when { resource is File && resource.path like "frozen/*" }';
const refusedBy = (policy: string) => ({ code: 'forbidden', details: { policies: [policy] } });

describe('a policy about submit_work', () => {
  test('sees the input of create_task as submit_work would get it', async () => {
    const boss = await administratorIn('classic');
    await boss.setCedarPolicy({
      policy: 'inputs',
      policy_text: `${forbidTasks} when { context has input && (
        (context.input has paths && context.input.paths.contains("frozen/a.ts")) ||
        (context.input has priority && context.input.priority < 3) ||
        (context.input has depends_on && context.input.depends_on.contains("00000000-0000-4000-8000-000000000000"))) };`,
    });
    const ann = await agentIn('classic');
    await expect(ann.submitWork({ title: 'x', priority: 2 })).rejects.toMatchObject(refusedBy('inputs'));
    await expect(ann.createTask({ title: 'x', priority: 'urgent' })).rejects.toMatchObject(refusedBy('inputs'));
    await expect(ann.createTask({ title: 'x', files: ['frozen/a.ts'] })).rejects.toMatchObject(refusedBy('inputs'));
    const { task_id } = await ann.createTask({ title: 'x', priority: 'high', files: ['b.ts'] });
    expect((await ann.getTask({ task_id })).priority).toBe(3);
    const blocked_by = ['00000000-0000-4000-8000-000000000000'];
    await expect(ann.createTask({ title: 'x', blocked_by })).rejects.toMatchObject(refusedBy('inputs'));
  });

  test('sees what the classic name leaves to defaults', async () => {
    const boss = await administratorIn('defaults');
    const when = 'when { context has input && context.input has max_attempts && context.input.max_attempts == 3 }';
    await boss.setCedarPolicy({ policy: 'three', policy_text: `${forbidTasks} ${when};` });
    const ann = await agentIn('defaults');
    await expect(ann.createTask({ title: 'x' })).rejects.toMatchObject(refusedBy('three'));
  });

  test.each(['urgent', 'high', 'normal', 'low'] as const)(
    'reads the priority %s as the database does',
    async (word) => {
      const boss = await administratorIn(`priority-${word}`);
      const ann = await agentIn(`priority-${word}`);
      const { task_id } = await ann.createTask({ title: 'x', priority: word });
      const { priority } = await ann.getTask({ task_id });
      const when = `when { context has input && context.input has priority && context.input.priority == ${priority} }`;
      await boss.setCedarPolicy({ policy: 'level', policy_text: `${forbidTasks} ${when};` });
      await expect(ann.createTask({ title: 'x', priority: word })).rejects.toMatchObject(refusedBy('level'));
    },
  );

  test('holds for each task of a batch', async () => {
    const boss = await administratorIn('batches');
    await boss.setCedarPolicy({ policy: 'tasks', policy_text: `${forbidTasks} ${frozen};` });
    const ann = await agentIn('batches');
    const tasks = [{ title: 'x', paths: ['a.ts'] }, { title: 'y' }];
    expect((await ann.submitWorkBatch({ tasks })).tasks.length).toBe(2);
    const refused = ann.submitWorkBatch({ tasks: [...tasks, { title: 'z', paths: ['./frozen//b.ts'] }] });
    await expect(refused).rejects.toMatchObject(refusedBy('tasks'));
  });
});

describe('a policy about get_work', () => {
  test('holds for a completion that claims the next task, and for no other', async () => {
    const boss = await administratorIn('claims');
    const ann = await agentIn('claims');
    await ann.submitWork({ title: 'x' });
    const { task, claim_token } = await ann.getWork();
    const claim = { task_id: String(task?.task_id), claim_token: Number(claim_token) };
    await boss.setCedarPolicy({
      policy: 'closing',
      policy_text: `forbid (principal, action == Action::"get_work", resource)
        when { context has input && context.input has lease_seconds && context.input.lease_seconds > 600 };`,
    });
    await expect(ann.completeWork({ ...claim, claim_next: true })).rejects.toMatchObject(refusedBy('closing'));
    await expect(ann.getWorkBatch({ count: 1 })).rejects.toMatchObject(refusedBy('closing'));
    expect(await ann.getWorkBatch({ count: 1, lease_seconds: 60 })).toMatchObject({ claimed: false });
    expect(await ann.completeWork(claim)).toMatchObject({ status: 'done' });
  });
});

describe('a policy about acquire_lock', () => {
  test('holds for the paths that a task would lock, under every name', async () => {
    const boss = await administratorIn('locks');
    await boss.setCedarPolicy({ policy: 'frozen', policy_text: `${forbidLocks} ${frozen};` });
    const ann = await agentIn('locks');
    const paths = ['a.ts', './frozen//b.ts'];
    await expect(ann.submitWork({ title: 'x', paths })).rejects.toMatchObject(refusedBy('frozen'));
    await expect(ann.createTask({ title: 'x', files: paths })).rejects.toMatchObject(refusedBy('frozen'));
    await expect(ann.submitWorkBatch({ tasks: [{ title: 'x', paths }] })).rejects.toMatchObject(refusedBy('frozen'));
    expect((await ann.checkPolicy({ operation: 'submit_work', resource: 'frozen/b.ts' })).allowed).toBe(false);
    expect((await ann.submitWork({ title: 'x', paths: ['a.ts'] })).task_id).toBeDefined();
    expect((await ann.submitWork({ title: 'x' })).task_id).toBeDefined();
  });

  test('the default ones about scopes are about the call that is made, and hide no other', async () => {
    const boss = await administratorIn('scoped');
    const root = await db.session('root', { project: 'scoped', trust: 4 });
    const { key_id } = await root.createKey({ agent: 'ann', trust: 2, scopes: ['sessions', 'submit_work'] });
    await boss.setCedarPolicy({ policy: 'frozen', policy_text: `${forbidLocks} ${frozen};` });
    const ann = speakThrough(db, cedar, { key_id, project_id: await projectId(db, 'scoped') });
    await ann.registerSession();
    expect((await ann.submitWork({ title: 'x', paths: ['a.ts'] })).task_id).toBeDefined();
    await expect(ann.submitWork({ title: 'x', paths: ['a.ts', 'frozen/b'] })).rejects.toMatchObject({
      ...refusedBy('frozen'),
      details: { policies: ['default:scopes', 'frozen'] },
    });
  });

  test('says no to a call about more than can be decided in a moment', async () => {
    const boss = await administratorIn('many');
    await boss.setCedarPolicy({ policy: 'frozen', policy_text: `${forbidLocks} ${frozen};` });
    const ann = await agentIn('many');
    const paths = Array.from({ length: 60 }, (_, index) => `src/${index}.ts`);
    const tasks = Array.from({ length: 60 }, (_, index) => ({ title: `t${index}`, paths }));
    const errors = [expect.stringContaining('at most 2000')];
    await expect(ann.submitWorkBatch({ tasks })).rejects.toMatchObject({ details: { errors } });
  });

  test('says no to a call that names more than can be read for each decision', async () => {
    const boss = await administratorIn('long');
    const when = 'when { context has input && context.input has paths && context.input.paths.contains("x") }';
    await boss.setCedarPolicy({ policy: 'frozen', policy_text: `${forbidLocks} ${when};` });
    await boss.setCedarPolicy({ policy: 'thawed', policy_text: `${forbidLocks} ${frozen};` });
    const ann = await agentIn('long');
    const paths = (length: number) => Array.from({ length: 900 }, (_, index) => `${'x'.repeat(length)}/${index}.ts`);
    const ask = (length: number) => ann.checkPolicy({ operation: 'acquire_lock', context: { paths: paths(length) } });
    expect((await ask(10)).allowed).toBe(true);
    const tooMuch = [expect.stringContaining('too much at once')];
    expect(await ask(100)).toMatchObject({ allowed: false, diagnostics: { errors: tooMuch } });
  });
});

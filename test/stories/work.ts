import { expect, test } from 'vitest';
import { refusalOf, type Story } from './story.ts';

/** What every door must let agents do with tasks. */
export function tellOfWork(story: () => Story): void {
  test('a task waits for those it depends on, is claimed, and is done once', async () => {
    const [ann, bob] = await story().pair();
    const input = { file: 'a.ts', lines: [1, 2] };
    const first = await ann.submitWork({ title: 'first', type: 'order', input, tags: ['x', 'y'], priority: 1 });
    expect(first).toMatchObject({ status: 'ready', unmet_dependencies: 0 });
    const second = await ann.submitWork({ title: 'second', type: 'order', depends_on: [first.task_id] });
    expect(second).toMatchObject({ status: 'blocked', unmet_dependencies: 1 });

    const { claimed, task, claim_token = 0 } = await bob.getWork({ types: ['order'] });
    expect([claimed, task]).toMatchObject([true, { task_id: first.task_id, input, tags: ['x', 'y'], attempt: 1 }]);
    expect(await ann.getWork({ types: ['order'] })).toMatchObject({ claimed: false, hint: expect.any(String) });
    const report = { task_id: first.task_id, claim_token, result: { commit: 'abc' } };
    expect(await bob.completeWork(report)).toEqual({ status: 'done', attempts_left: 0, unblocked: 1 });
    expect(await refusalOf(bob.completeWork(report))).toMatchObject({
      code: 'conflict',
      details: { reason: 'finished' },
    });
    expect(await ann.getTask({ task_id: first.task_id })).toMatchObject({
      ...{ status: 'done', agent: 'bob', submitted_by: 'ann', input, result: { commit: 'abc' }, depends_on: [] },
    });
    expect((await ann.listTasks({ type: 'order', status: 'ready' })).tasks).toMatchObject([{ title: 'second' }]);
  });

  test('a failed attempt is followed by another until none is left', async () => {
    const ann = await story().enter('ann');
    const { task_id } = await ann.submitWork({ title: 'flaky', type: 'flaky', max_attempts: 2, retry_seconds: 0 });
    const fail = async (error: string) => {
      const { claim_token = 0, task } = await ann.getWork({ types: ['flaky'] });
      return [task?.last_error, await ann.completeWork({ task_id, claim_token, success: false, error })];
    };
    expect(await fail('no disk')).toEqual([null, { status: 'ready', attempts_left: 1, unblocked: 0 }]);
    expect(await fail('no net')).toEqual(['no disk', { status: 'failed', attempts_left: 0, unblocked: 0 }]);
    expect(await ann.getTask({ task_id })).toMatchObject({ status: 'failed', error: 'no net', attempts: 2 });
  });

  test('a claim that has passed on is refused', async () => {
    const [ann, bob] = await story().pair();
    const { task_id } = await ann.submitWork({ title: 'slow', type: 'slow', retry_seconds: 0 });
    const late = await ann.getWork({ types: ['slow'] });
    await story().expireClaim(task_id);
    const next = await bob.getWork({ types: ['slow'] });
    expect(next).toMatchObject({ claimed: true, task: { task_id, attempt: 2 } });
    expect(next.claim_token).toBeGreaterThan(late.claim_token as number);
    // The second one does hold the claim, but this is not its token.
    for (const session of [ann, bob]) {
      const report = session.completeWork({ task_id, claim_token: late.claim_token as number });
      expect(await refusalOf(report)).toMatchObject({ code: 'conflict', details: { reason: 'stale_token' } });
    }
    expect(await bob.completeWork({ task_id, claim_token: next.claim_token as number })).toMatchObject({
      status: 'done',
    });
  });

  test('a claim brings the locks on the paths of its task, tells how far it is, and can be given back', async () => {
    const [ann, bob] = await story().pair();
    const paths = ['docs/scope.md'];
    const { task_id } = await ann.submitWork({ title: 'scoped', type: 'scoped', paths, tags: ['x'] });
    await ann.submitWork({ title: 'same file', type: 'scoped', paths });
    const held = await bob.getWork({ types: ['scoped'] });
    expect(held.task).toMatchObject({ task_id, paths });
    expect((await ann.checkLocks({ paths })).locks).toMatchObject([{ agent: 'bob', reason: 'task scoped' }]);
    expect((await ann.getWork({ types: ['scoped'] })).claimed).toBe(false);
    const claim = { task_id, claim_token: held.claim_token as number };
    expect(await bob.reportProgress({ ...claim, note: 'half', percent: 50 })).toMatchObject({ noted: true });
    expect((await ann.getTask({ task_id })).progress).toMatchObject([{ agent: 'bob', note: 'half', percent: 50 }]);
    expect(await bob.releaseTask({ ...claim, reason: 'not mine' })).toMatchObject({ released: true, status: 'ready' });
    expect((await ann.checkLocks({ paths })).locks).toEqual([]);
    const again = await ann.getWork({ types: ['scoped'] });
    expect(again.task).toMatchObject({ task_id, attempt: 1, last_error: 'not mine' });
    await ann.completeWork({ task_id, claim_token: again.claim_token as number });
    const history = (await ann.getTaskHistory({ task_id })).entries.map(({ operation }) => operation);
    expect(history).toEqual(['complete_work', 'get_work', 'release_task', 'get_work', 'submit_work']);
  });

  test('a plan is submitted at once, cancelled in part, and retried', async () => {
    const [ann, bob] = await story().pair();
    const { tasks } = await ann.submitWorkBatch({
      tasks: [
        { key: 'first', title: 'first', type: 'plan' },
        { key: 'then', title: 'then', type: 'plan', depends_on: ['first'] },
      ],
    });
    expect(tasks.map(({ key, status }) => [key, status])).toEqual([
      ['first', 'ready'],
      ['then', 'blocked'],
    ]);
    const [first, then] = tasks.map(({ task_id }) => ({ task_id }));
    if (!first || !then) throw new Error('Two tasks were submitted.');
    expect(await ann.cancelTask(first)).toEqual({ cancelled: true, was: 'ready' });
    expect((await bob.getTask(then)).blocked_by).toMatchObject([{ ...first, status: 'cancelled' }]);
    expect(await refusalOf(ann.retryTask(then))).toMatchObject({ code: 'conflict', details: { reason: 'not_failed' } });
    expect(await ann.retryTask(first)).toEqual({ retried: true, status: 'ready' });
    const { claims } = await bob.getWorkBatch({ count: 5, types: ['plan'] });
    expect(claims.map(({ task }) => task.title)).toEqual(['first']);
    await bob.completeWork({ ...first, claim_token: claims[0]?.claim_token as number });
    expect((await bob.getTask(then)).status).toBe('ready');
  });

  test('an unknown id and the id of another project are answered alike', async () => {
    const [ann, eve] = await Promise.all([story().enter('ann'), story().enter('eve', { project: 'other' })]);
    const { task_id } = await eve.submitWork({ title: 'secret', type: 'secret' });
    const unknown = '00000000-0000-7000-8000-000000000000';
    for (const ask of [
      (id: string) => ann.getTask({ task_id: id }),
      (id: string) => ann.completeWork({ task_id: id, claim_token: 1 }),
    ]) {
      const refusal = await refusalOf(ask(task_id));
      expect(refusal.code).toBe('not_found');
      expect(refusal).toEqual(await refusalOf(ask(unknown)));
    }
    const dependent = (id: string) => refusalOf(ann.submitWork({ title: 'x', depends_on: [id] }));
    expect((await dependent(task_id)).message.replace(task_id, unknown)).toBe((await dependent(unknown)).message);
    expect((await ann.listTasks({ type: 'secret' })).tasks).toEqual([]);
    expect((await ann.getWork({ types: ['secret'] })).claimed).toBe(false);
  });
}

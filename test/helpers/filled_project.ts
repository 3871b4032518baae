import type { TestDatabase, TestSession } from './database.ts';

/** Leaves at least one row of the project in every table, and answers the administrator's session that did it. */
export async function fillProject(db: TestDatabase, project: string): Promise<TestSession> {
  const ann = await db.session('ann', { project, trust: 4 });
  await ann.acquireLock({ paths: ['a.ts'] }, { idempotency_key: 'fill' });
  await ann.acquireLock({ paths: ['b.ts'], shared: true });
  await db.sql`
    insert into coord.lock_waiters (project_id, session_id, paths, shared)
    select project_id, session_id, '{a.ts}', false from coord.sessions where session_id = ${ann.session_id}`;
  const { task_id } = await ann.submitWork({ title: 'first' });
  await ann.submitWork({ title: 'then', depends_on: [task_id] });
  await ann.submitWork({ title: 'part', parent_id: task_id });
  await ann.createKey({ agent: 'cloud' });
  await ann.writeHandoff({ summary: 'x' });
  await ann.catchUp();
  await ann.logDecision({ type: 'x', context: 'x', reason: 'x' });
  await ann.createThread({ title: 'x', text: 'x' });
  await ann.sendMessage({ text: 'x' });
  await ann.requestApproval({ action_type: 'x', description: 'x' });
  await ann.setApprovalRule({ rule: 'x', action_type: 'x' });
  await ann.setProfile({ profile: 'x', trust: 2, max_files: 1 });
  await ann.assignProfile({ profile: 'x', agent: 'bob' });
  await (await db.session('bob', { project })).acquireLock({ paths: ['c.ts'] });
  await ann.suspendAgent({ agent: 'eve' });
  await ann.setGuardrailRule({ rule: 'x', pattern: 'x+' });
  await ann.checkGuardrails({ operation_text: 'git branch -D x' });
  await db.database.call('take_webhooks', { p_limit: 10, p_with_links: true });
  return ann;
}

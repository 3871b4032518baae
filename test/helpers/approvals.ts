import type { Coordinator } from '@agentcoord/contract';
import { projectId, speakAs } from './callers.ts';
import type { TestDatabase, TestSession } from './database.ts';

export const action = {
  action_type: 'deploy',
  description: 'Deploy the web server to production',
  payload: { command: 'deploy web', commit: 'abc123' },
} as const;

/** Id of a new request of that session. */
export async function requested(session: Coordinator, more: object = {}): Promise<string> {
  return (await session.requestApproval({ ...action, ...more })).approval_id;
}

/** The time for deciding ran out a second ago. */
export async function expireApproval({ sql }: TestDatabase, approval_id: string): Promise<void> {
  await sql`
    update coord.approvals
    set requested_at = requested_at - interval '1 hour', expires_at = clock_timestamp() - interval '1 second'
    where approval_id = ${approval_id}`;
}

/** The caller of a session, as a function of the database takes it. */
export async function callerOf(db: TestDatabase, { session_id }: TestSession): Promise<Record<string, unknown>> {
  return { project_id: await projectId(db), session_id };
}

/** An administrator's key for that agent, made by the caller, and what speaks with it. */
export async function keyed(
  db: TestDatabase,
  maker: Coordinator,
  agent: string,
  agent_type = 'cloud',
): Promise<Coordinator> {
  const { key_id } = await maker.createKey({ agent, agent_type, trust: 4 });
  return speakAs(db, { key_id, project_id: await projectId(db) });
}

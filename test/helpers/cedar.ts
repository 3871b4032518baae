import type { Coordinator, Trust } from '@agentcoord/contract';
import type { Caller, Database } from '@agentcoord/core';
import { expect } from 'vitest';
import { cedarEngine } from '../../packages/core/src/policies/index.ts';
import { projectId, speakAs } from './callers.ts';
import { cloneDatabase, type TestDatabase } from './database.ts';

/** The database as a process has it whose POLICY_ENGINE is cedar. */
export function withCedar({ database }: TestDatabase, options: Parameters<typeof cedarEngine>[1] = {}): Database {
  return { ...database, policies: cedarEngine(database, options) };
}

/** The operations in the name of a caller, through such a process. */
export function speakThrough(db: TestDatabase, database: Database, caller: Caller): Coordinator {
  return speakAs({ ...db, database }, caller);
}

/** A database, a process with Cedar, and who speaks through it. */
export interface PolicyGround {
  db: TestDatabase;
  cedar: Database;
  /** A new session of trust 2 in a project, through this or another process. */
  agentIn(project: string, agent?: string, database?: Database): Promise<Coordinator>;
  /** An administrator of a project, whose changes the process knows of at once. */
  administratorIn(project: string): Promise<Coordinator>;
}

export async function policyGround(): Promise<PolicyGround> {
  const db = await cloneDatabase();
  const cedar = withCedar(db);
  const speak = async (project: string, agent: string, trust: Trust, database: Database) => {
    const { session_id } = await db.session(agent, { project, trust });
    return speakThrough(db, database, { project_id: await projectId(db, project), session_id } as never);
  };
  return {
    ...{ db, cedar },
    agentIn: (project, agent = 'ann', database = cedar) => speak(project, agent, 2, database),
    administratorIn: (project) => speak(project, 'boss', 4, cedar),
  };
}

/** Resolves once it is true. */
export async function until(isTrue: () => Promise<boolean>, timeout: number): Promise<void> {
  await expect.poll(isTrue, { timeout, interval: 50 }).toBe(true);
}

export const forbidLocks = 'forbid (principal, action == Action::"acquire_lock", resource)';

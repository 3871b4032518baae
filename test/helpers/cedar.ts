import type { Coordinator } from '@agentcoord/contract';
import type { Caller, Database } from '@agentcoord/core';
import { cedarEngine } from '../../packages/core/src/policies/index.ts';
import { speakAs } from './callers.ts';
import type { TestDatabase } from './database.ts';

/** The database as a process has it whose POLICY_ENGINE is cedar. */
export function withCedar({ database }: TestDatabase, options: Parameters<typeof cedarEngine>[1] = {}): Database {
  return { ...database, policies: cedarEngine(database, options) };
}

/** The operations in the name of a caller, through such a process. */
export function speakThrough(db: TestDatabase, database: Database, caller: Caller): Coordinator {
  return speakAs({ ...db, database }, caller);
}

import { type Coordinator, coordinatorOver } from '@agentcoord/contract';
import { type Caller, invoke } from '@agentcoord/core';
import type { TestDatabase } from './database.ts';
import { validating } from './validating.ts';

/** The operations in the name of any caller, as a door makes it from a credential. */
export function speakAs({ database }: TestDatabase, caller: Caller): Coordinator {
  return coordinatorOver(
    validating({
      invoke: (operation, input, options) => invoke(database, operation, { ...caller, ...options }, input),
    }),
  );
}

/** Id of the project of that name, made when it is new. */
export async function projectId({ database }: TestDatabase, project = 'test'): Promise<number> {
  return (await database.call('open_project', { p_name: project })) as number;
}

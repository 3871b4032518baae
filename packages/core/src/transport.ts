import type { Transport } from '@agentcoord/contract';
import type { Caller, LocalCaller } from './caller.ts';
import type { Database } from './database.ts';
import { followEvents } from './events/index.ts';
import { invoke } from './invoke.ts';

/** Calls in process, as the user who owns the database connection. The project is made when it is new. */
export function localTransport(database: Database, project: string, caller: LocalCaller): Transport {
  let opened: Promise<number> | undefined;
  // Asked once; a failure is not remembered, so that the next call tries again.
  const openProject = () => {
    opened ??= (database.call('open_project', { p_name: project }) as Promise<number>).catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
  // Of a session nothing else is said: its row knows the rest, and `_enter` compares the whole with it.
  const callerWith = (
    options: { session_id?: string | undefined; idempotency_key?: string },
    project_id: number,
  ): Caller =>
    options.session_id === undefined
      ? { ...caller, ...options, project_id }
      : { ...options, session_id: options.session_id, project_id };
  return {
    async invoke(operation, input, { signal, ...options } = {}) {
      const project_id = await openProject();
      return invoke(database, operation, callerWith(options, project_id), input, { signal });
    },
    events(input, { signal, ...options } = {}) {
      return followEvents(database, async () => callerWith(options, await openProject()), input, { signal });
    },
    close: () => database.close(),
  };
}

import { CoordinationError, type Operation, wantsToWait } from '@agentcoord/contract';
import { type Caller, type Database, invoke } from '@agentcoord/core';
import type { FastifyReply } from 'fastify';
import type { Authenticator } from './authentication.ts';
import type { UnderWay } from './under_way.ts';
import type { Waits } from './waits.ts';

/** Makes one call of an operation for an authenticated request; `cancelled` ends one that waits. */
export type Call = (
  reply: FastifyReply,
  operation: Operation,
  caller: Caller,
  input: unknown,
  cancelled?: AbortSignal,
) => Promise<unknown>;

/** Calls go to the database; a key it refuses after all is not trusted any longer. */
export function callsOver(database: Database, authenticator: Authenticator, waits: Waits, underWay: UnderWay): Call {
  return async (reply, operation, caller, input, cancelled) => {
    const ending = wantsToWait(operation, input) ? waits.add(reply, cancelled) : undefined;
    if (ending) underWay.leave(reply.request);
    try {
      return await invoke(database, operation, caller, input, ending);
    } catch (error) {
      const { credential } = reply.request;
      const refused = error instanceof CoordinationError && error.code === 'unauthenticated';
      if (refused && credential) authenticator.forget(credential);
      throw error;
    }
  };
}

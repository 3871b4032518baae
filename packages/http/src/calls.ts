import { CoordinationError, type Operation } from '@agentcoord/contract';
import { type Caller, type Database, invoke } from '@agentcoord/core';
import type { FastifyRequest } from 'fastify';
import type { Authenticator } from './authentication.ts';

/** Makes one call of an operation for an authenticated request. */
export type Call = (request: FastifyRequest, operation: Operation, caller: Caller, input: unknown) => Promise<unknown>;

/** Calls go to the database; a key it refuses after all is not trusted any longer. */
export function callsOver(database: Database, authenticator: Authenticator): Call {
  return async (request, operation, caller, input) => {
    try {
      return await invoke(database, operation, caller, input);
    } catch (error) {
      const refused = error instanceof CoordinationError && error.code === 'unauthenticated';
      if (refused && request.credential) authenticator.forget(request.credential);
      throw error;
    }
  };
}

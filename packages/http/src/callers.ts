import { CoordinationError, idempotencyKeyForm, idempotencyKeyWords, uuidForm } from '@agentcoord/contract';
import type { Caller } from '@agentcoord/core';
import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import { type Authenticator, type Credential, keyIn } from './authentication.ts';
import { invalidInput } from './failures.ts';
import type { Limits } from './limits.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The key of the request, once `authenticate` has run. */
    credential: Credential | undefined;
  }
}

/** Hook that lets a request pass only with a valid key that has not used up its rate limit. */
export function authenticate(authenticator: Authenticator, limits: Limits): onRequestAsyncHookHandler {
  return async (request) => {
    const key = keyIn(request.headers.authorization);
    const known = key === undefined ? undefined : authenticator.recall(key);
    const fresh = known !== undefined && performance.now() < known.freshUntil;
    request.credential = fresh ? known : await admit(request, key, known !== undefined);
    await limits.countKey(request);
  };

  /**
   * A key that was valid before is not held up by those who guess keys from the same address, which behind a proxy is
   * everybody's. One that is new here is looked up all the same, but where an address has guessed too often only one of
   * its keys at a time: that costs the database little, and lets the right one in.
   */
  async function admit(request: FastifyRequest, key: string | undefined, known: boolean): Promise<Credential> {
    // Not counted: it costs nothing, and any web page in a browser here could use up the limit of this address.
    if (key === undefined) throw keyMissing();
    if (known) return (await authenticator.ask(key)) ?? refuse(request);
    using _turn = await limits.turnOf(request);
    return (await authenticator.ask(key)) ?? refuse(request);
  }

  async function refuse(request: FastifyRequest): Promise<never> {
    await limits.countAddress(request);
    throw keyRefused();
  }
}

function keyMissing(): CoordinationError {
  return new CoordinationError({
    code: 'unauthenticated',
    message: 'The request carries no API key.',
    hint: 'Send Authorization: Bearer ac_<id>_<secret>. An administrator makes keys with `agentcoord keys create`.',
  });
}

/** The same words whether a key is mistyped, unknown, expired or revoked: a prober learns nothing. */
export function keyRefused(): CoordinationError {
  return new CoordinationError({
    code: 'unauthenticated',
    message: 'The API key is not valid.',
    hint: 'Check that it was copied whole, or ask an administrator for a new one (`agentcoord keys create`).',
  });
}

/** Who calls: the key, and what the headers say of session and repetition. */
export function callerOf(request: FastifyRequest): Caller {
  const { caller } = request.credential as Credential;
  const session = headerOf(request, 'agentcoord-session', uuidForm, 'a session id, such as register_session answers');
  const repeated = headerOf(request, 'idempotency-key', idempotencyKeyForm, idempotencyKeyWords);
  if (session === undefined && repeated === undefined) return caller;
  return { ...caller, session_id: session, ...(repeated === undefined ? {} : { idempotency_key: repeated }) };
}

function headerOf(request: FastifyRequest, name: string, form: RegExp, wanted: string): string | undefined {
  const value = request.headers[name];
  if (value === undefined) return undefined;
  if (typeof value === 'string' && form.test(value)) return value;
  throw invalidInput(`The header ${name} is malformed.`, `Leave it out, or send ${wanted}.`);
}

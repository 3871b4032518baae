import { CoordinationError, errorBodyOf, type Operation, type Transport } from '@agentcoord/contract';
import { ConnectionLost } from './waiting.ts';

/** Where PostgREST is, and who reads. */
export interface DirectReads {
  /** SUPABASE_URL, or the address above `/rest/v1` of a PostgREST of your own. */
  url: string;
  /** The publishable key; never a secret one. */
  key: string;
  /** Token of a logged-in user, or one that `create_read_token` has made; a function where it has to be made anew. */
  token: string | (() => string | Promise<string>);
  /** Which project, for a user who is a member of several. */
  project?: string;
  fetch?: typeof globalThis.fetch;
}

/** Milliseconds for an answer. */
const answerWithin = 5000;

/**
 * The same calls, but those that only read go straight to PostgREST, where the database knows how to answer them: see
 * `direct` in the catalogue. They are no sign of life, and bring no notices. All others go through the coordinator.
 */
export function readingDirectly(transport: Transport, reads: DirectReads): Transport {
  if (reads.key.startsWith('sb_secret_')) throw secretKey();
  return {
    ...transport,
    invoke: (operation, input, options = {}) =>
      isDirect(operation, input)
        ? read(operation, input ?? {}, options, reads)
        : transport.invoke(operation, input, options),
  };
}

/** What is not as the definition says is left to the coordinator, which says what is wrong. */
function isDirect({ direct, input: schema }: Operation, input: unknown): boolean {
  if (!direct || !schema.safeParse(input ?? {}).success) return false;
  return Object.entries(input ?? {}).every(([field, value]) => value === undefined || direct.includes(field));
}

async function read(
  { name }: Operation,
  input: unknown,
  { session_id, signal }: { session_id?: string | undefined; signal?: AbortSignal | undefined },
  { url, key, token, project, fetch = globalThis.fetch }: DirectReads,
): Promise<unknown> {
  const limit = AbortSignal.timeout(answerWithin);
  const body = { p_operation: name, p_input: input, p_project: project ?? null, p_session_id: session_id ?? null };
  const headers = {
    ...{ apikey: key, authorization: `Bearer ${typeof token === 'string' ? token : await token()}` },
    ...{ 'content-type': 'application/json', 'content-profile': 'coord' },
  };
  let response: Response;
  let answer: unknown;
  try {
    response = await fetch(`${url.replace(/\/+$/, '')}/rest/v1/rpc/read_directly`, {
      ...{ method: 'POST', headers, body: JSON.stringify(body), redirect: 'error' },
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
    answer = await response.json().catch(() => undefined);
  } catch (cause) {
    signal?.throwIfAborted();
    throw new ConnectionLost(new URL(url).origin, cause);
  }
  const error = errorBodyOf(answer);
  if (error) throw new CoordinationError(error);
  if (response.ok) return answer;
  throw response.status === 401 || response.status === 403
    ? tokenRefused()
    : strange(new URL(url).origin, response.status);
}

function tokenRefused(): CoordinationError {
  return new CoordinationError({
    code: 'unauthenticated',
    message: 'PostgREST does not take the token for reading.',
    hint: 'It may have expired: make another one with create_read_token, or log in again.',
  });
}

function strange(where: string, status: number): CoordinationError {
  return new CoordinationError({
    code: status >= 500 ? 'unavailable' : 'internal',
    message: `${where} answered ${status} to a direct read.`,
    hint: 'Check the address, and that schema coord is exposed there; or leave `reads` out, and read through the coordinator.',
  });
}

function secretKey(): CoordinationError {
  return new CoordinationError({
    code: 'invalid_input',
    message: 'reads.key: is a secret key',
    hint: 'Give the publishable key: the secret one may do everything, and belongs to the coordinator alone.',
  });
}

import {
  CoordinationError,
  type EventInput,
  type EventPage,
  errorBodyOf,
  eventStream,
  idempotencyKeyForm,
  idempotencyKeyWords,
  type Operation,
  type Transport,
  wantsToWait,
} from '@agentcoord/contract';
import { eventPages, silenceLimit } from './event_pages.ts';
import { requestFor } from './request.ts';
import { after } from './timer.ts';
import { ConnectionLost, waitThere } from './waiting.ts';

type Options = NonNullable<Parameters<Transport['invoke']>[2]>;

/** Milliseconds after which a call without an answer counts as `unavailable`, beside those that it asks to wait. */
const callTimeout = 5000;

/** Where a coordinator is and how to be let in. */
export interface HttpTransportOptions {
  /** Address of the coordinator, such as http://127.0.0.1:8787. */
  url: string;
  /** Key of the form ac_<id>_<secret>. */
  apiKey: string;
  /** Another `fetch`, for environments that need one. */
  fetch?: typeof globalThis.fetch;
}

/** Calls a coordinator over HTTP; every failure is a `CoordinationError`, and the key appears in none. */
export function httpTransport({ url, apiKey, fetch = globalThis.fetch }: HttpTransportOptions): Transport {
  const base = baseOf(url);
  // `Headers` would quote an unusable key in its error message.
  if (!/^[\x21-\x7e]+$/.test(apiKey)) throw unusableKey();

  async function send(operation: Operation, input: unknown, options: Options): Promise<unknown> {
    const { method, target, body } = requestFor(operation, input);
    const request = { method, headers: headersOf(apiKey, options, body), redirect: 'error' as const };
    const limit = AbortSignal.timeout(callTimeout + (wantsToWait(operation, input) ? input.wait_seconds * 1000 : 0));
    const signal = options.signal ? AbortSignal.any([options.signal, limit]) : limit;
    const init = body === undefined ? { ...request, signal } : { ...request, signal, body };
    return exchange(base, () => fetch(`${base}/v1${target}`, init), options.signal);
  }

  async function* events(input: EventInput, options: Options = {}): AsyncGenerator<EventPage, void, undefined> {
    const silence = new AbortController();
    const heard = () => {
      cancel();
      cancel = after(silenceLimit, () => silence.abort());
    };
    let cancel = after(callTimeout, () => silence.abort());
    const signal = options.signal ? AbortSignal.any([options.signal, silence.signal]) : silence.signal;
    const headers = { ...headersOf(apiKey, options), accept: 'text/event-stream' };
    try {
      const response = await fetch(`${base}/v1${requestFor(eventStream, input).target}`, {
        ...{ headers, signal },
        redirect: 'error',
      });
      if (!response.ok || !response.body) throw errorIn(await response.text(), response.status, base);
      heard();
      yield* eventPages(response.body, heard);
    } catch (cause) {
      options.signal?.throwIfAborted();
      throw cause instanceof CoordinationError ? cause : new ConnectionLost(base, cause);
    } finally {
      cancel();
      silence.abort();
    }
  }

  return {
    events,
    invoke: async (operation, input, options = {}) =>
      wantsToWait(operation, input) ? waitThere(operation, input, options, send) : send(operation, input, options),
    close: async () => {},
  };
}

function headersOf(apiKey: string, { session_id, idempotency_key }: Options, body?: string): Record<string, string> {
  return {
    accept: 'application/json',
    authorization: `Bearer ${apiKey}`,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(session_id === undefined ? {} : { 'agentcoord-session': session_id }),
    ...(idempotency_key === undefined ? {} : { 'idempotency-key': headerText(idempotency_key) }),
  };
}

async function exchange(base: string, send: () => Promise<Response>, signal?: AbortSignal): Promise<unknown> {
  let status: number;
  let text: string;
  try {
    const response = await send();
    status = response.status;
    text = await response.text();
  } catch (cause) {
    signal?.throwIfAborted();
    throw new ConnectionLost(base, cause);
  }
  const answer = parse(text);
  if (status >= 200 && status < 300 && typeof answer === 'object' && answer !== null) return answer;
  throw errorIn(text, status, base);
}

function errorIn(text: string, status: number, base: string): CoordinationError {
  const error = errorBodyOf(parse(text));
  return error ? new CoordinationError(error) : strangeAnswer(base, status);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function baseOf(url: string): string {
  const parsed = URL.parse(url);
  if (parsed && /^https?:$/.test(parsed.protocol) && !parsed.username && !parsed.password) {
    // The address of the API is pasted as often as that of its server.
    return parsed.origin + parsed.pathname.replace(/(?:\/v1)?\/*$/, '');
  }
  throw new CoordinationError({
    code: 'invalid_input',
    message: 'url: must be an http or https address without a user name',
    hint: 'Give the address of a coordinator, such as http://127.0.0.1:8787.',
  });
}

function headerText(key: string): string {
  if (idempotencyKeyForm.test(key)) return key;
  throw new CoordinationError({
    code: 'invalid_input',
    message: `idempotency_key: must be ${idempotencyKeyWords}`,
    hint: 'Use a new key such as a UUID for each call that differs, or leave it out.',
  });
}

function unusableKey(): CoordinationError {
  return new CoordinationError({
    code: 'unauthenticated',
    message: 'The API key is empty or has characters that no key has.',
    hint: 'Give the whole key, ac_<id>_<secret>, without spaces or line breaks.',
  });
}

function strangeAnswer(base: string, status: number): CoordinationError {
  return new CoordinationError({
    code: status >= 500 || status === 429 ? 'unavailable' : 'internal',
    message: `${base} answered ${status} in a form that no coordinator uses.`,
    hint: `Check that ${base} is the address of a coordinator and not of a proxy or another service.`,
  });
}

import { type DirectReads, readingDirectly } from './direct.ts';
import { openSession, type Session, type SessionOptions } from './session.ts';
import { type HttpTransportOptions, httpTransport } from './transport.ts';

/** Address and key of a coordinator, and what the session says about itself. */
export interface ConnectOptions extends SessionOptions, Pick<HttpTransportOptions, 'url' | 'fetch'> {
  api_key: string;
  /** Lets calls that only read go straight to PostgREST. */
  reads?: DirectReads;
}

/** Opens a session with a coordinator over HTTP: `await using session = await connect({ url, api_key })`. */
export async function connect({ url, api_key, fetch, reads, ...options }: ConnectOptions): Promise<Session> {
  const transport = httpTransport({ url, apiKey: api_key, ...(fetch ? { fetch } : {}) });
  return openSession(reads ? readingDirectly(transport, reads) : transport, options);
}

/** The name under which the client is known elsewhere. */
export const AgentCoordinationClient = { connect };

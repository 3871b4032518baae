import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type CoordinationError, errorCodes, errorFrom } from '@agentcoord/contract';

/** How a client of the proxy is told no. */
export interface Refusal {
  status: number;
  headers: Record<string, string>;
  error: CoordinationError;
}

/** Anything that was thrown, as the answer of a proxy: whatever went wrong, nothing is let through. */
export function refusalOf(cause: unknown): Refusal {
  const error = errorFrom(cause, { message: 'The proxy failed.', hint: 'Try again; if it stays so, start it again.' });
  const isChallenge = error.code === 'unauthenticated' && error.details === undefined;
  return {
    status: isChallenge ? 407 : statusOf(error),
    headers: {
      'content-type': 'application/json; charset=utf-8',
      ...(isChallenge ? { 'proxy-authenticate': 'Basic realm="agentcoord egress"' } : {}),
    },
    error,
  };
}

/** A coordinator that does not know this agent keeps the gate shut like one that says no. */
function statusOf({ code }: CoordinationError): number {
  return code === 'unauthenticated' ? 403 : errorCodes[code].http;
}

export const envelope = (error: CoordinationError): string => JSON.stringify(error);

/** Refuses a tunnel, which has no response object, and closes the connection. */
export function refuseRaw(client: Duplex, { status, headers, error }: Refusal): void {
  const body = envelope(error);
  const lines = Object.entries({
    ...headers,
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  client.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`);
}

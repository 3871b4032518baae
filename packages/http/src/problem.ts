import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { CoordinationError } from '@agentcoord/contract';
import type { FastifyReply } from 'fastify';
import { statusOf } from './failures.ts';

export const problemType = 'application/problem+json';

/** Seconds after which a refused call may be tried again when the error itself does not say. */
const defaultRetrySeconds = 2;

/** Headers of every answer that is no page: nothing may be cached, sniffed, framed or run. Each costs every call. */
export const answerHeaders: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
};

/** RFC 9457 problem details that carry the envelope of every door as `error`. */
function problemText(error: CoordinationError, requestId?: string): string {
  return JSON.stringify({
    type: `urn:agentcoord:error:${error.code}`,
    title: titleOf(error.code),
    status: statusOf(error),
    detail: error.message,
    ...(requestId === undefined ? {} : { instance: `urn:agentcoord:request:${requestId}` }),
    ...error.toJSON(),
  });
}

/** `invalid_input` → `Invalid input`. */
export function titleOf(code: string): string {
  return code.charAt(0).toUpperCase() + code.slice(1).replaceAll('_', ' ');
}

function problemHeaders(error: CoordinationError): Record<string, string> {
  const headers: Record<string, string> = { ...answerHeaders, 'content-type': `${problemType}; charset=utf-8` };
  if (error.code === 'unauthenticated') headers['www-authenticate'] = 'Bearer';
  if (error.retryable) {
    const seconds = error.details?.retry_after_seconds;
    headers['retry-after'] = String(typeof seconds === 'number' ? Math.ceil(seconds) : defaultRetrySeconds);
  }
  return headers;
}

/** Answers a request with the problem. */
export function sendProblem(reply: FastifyReply, error: CoordinationError): FastifyReply {
  return reply.code(statusOf(error)).headers(problemHeaders(error)).send(problemText(error, reply.request.id));
}

/** Answers with the problem where Fastify has no reply; cuts the connection when an answer has begun already. */
export function writeProblem(response: ServerResponse, error: CoordinationError, requestId?: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const text = problemText(error, requestId);
  response.writeHead(statusOf(error), { ...problemHeaders(error), 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

/** Answers what could not even be read as a request, and closes the connection. */
export function endWithProblem(socket: Socket, error: CoordinationError): void {
  const text = problemText(error);
  const headers = { ...problemHeaders(error), 'content-length': Buffer.byteLength(text), connection: 'close' };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const status = statusOf(error);
  if (socket.writable) socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${text}`);
  socket.destroySoon();
}

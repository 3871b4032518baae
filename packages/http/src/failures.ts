import type { ServerResponse } from 'node:http';
import { CoordinationError, type ErrorBody, errorCodes, errorFrom } from '@agentcoord/contract';

/** Most bytes of a request's body. */
export const maxBodyBytes = 1_048_576;

/** An error of HTTP itself, whose status says more than its code does. */
export class HttpError extends CoordinationError {
  readonly status: number;

  constructor(status: number, body: ErrorBody) {
    super(body);
    this.name = 'HttpError';
    this.status = status;
  }
}

/** Status with which the error is answered. */
export function statusOf(error: CoordinationError): number {
  return error instanceof HttpError ? error.status : errorCodes[error.code].http;
}

export function invalidInput(message: string, hint: string, status = 400): HttpError {
  return new HttpError(status, { code: 'invalid_input', message, hint });
}

export function routeUnknown(method: string, path: string): HttpError {
  return new HttpError(404, {
    code: 'not_found',
    message: `There is no ${method} ${path.slice(0, 200)}.`,
    hint: 'GET /openapi.json lists every route; /docs shows them to people.',
  });
}

/** Nobody reads it: it ends a call whose client has gone. nginx logs such requests with this status. */
export function clientGone(): HttpError {
  return invalidInput('The client closed the connection before it was answered.', 'Send the request again.', 499);
}

/** Throws when a client has gone: whoever waits for it to go from then on would never hear of it. */
export function assertThere({ closed, destroyed }: ServerResponse): void {
  if (closed || destroyed) throw clientGone();
}

export function methodRefused(method: string, allowed: readonly string[]): HttpError {
  return invalidInput(`${method} is not possible here.`, `Use ${allowed.join(' or ')}.`, 405);
}

/** What Fastify and Node report under a code of their own, in words that say what to do. */
const knownCodes: Record<string, [status: number, message: string, hint: string]> = {
  FST_ERR_CTP_BODY_TOO_LARGE: [413, 'The body is larger than 1 MiB.', 'Send less in one call, or split it.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, 'The body is not declared as JSON.', 'Send Content-Type: application/json.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [400, 'The body is not as long as Content-Length says.', 'Send all of it again.'],
  FST_ERR_BAD_URL: [400, 'The address is not validly encoded.', 'Percent-encode it as UTF-8.'],
  FST_ERR_MAX_PARAM_LENGTH: [414, 'A part of the address is too long.', 'Ids are short: check the address.'],
  HPE_HEADER_OVERFLOW: [431, 'The headers are larger than 16 KiB.', 'Send fewer or shorter headers, or input as body.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not arrive in time.', 'Send it again, all at once.'],
};

/** The error a caller meets for whatever was thrown; only texts of our own leave the process. */
export function errorOf(cause: unknown, requestId?: string): CoordinationError {
  if (cause instanceof CoordinationError) return cause;
  const { code = '', statusCode = 500 } = (cause ?? {}) as { code?: string; statusCode?: number };
  const known = knownCodes[code];
  if (known) return invalidInput(known[1], known[2], known[0]);
  if (code.startsWith('HPE_') || (statusCode >= 400 && statusCode < 500)) {
    return invalidInput('This is not a request the server understands.', 'GET /openapi.json says what it takes.');
  }
  return errorFrom(cause, {
    message: 'Something unexpected happened.',
    hint: 'This is a defect: report it with the request id, under which the log of the server tells more.',
    ...(requestId === undefined ? {} : { details: { request_id: requestId } }),
  });
}

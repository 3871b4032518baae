import type { FastifyRequest, FastifyServerOptions } from 'fastify';
import { pathOf } from './redaction.ts';

/** Options of pino, or false for no log at all. */
export type LoggerOptions = Exclude<FastifyServerOptions['logger'], boolean | undefined>;

/** Requests without query string and headers, errors without what a database client hangs onto them. */
const serializers = {
  req: (request: FastifyRequest) => ({
    method: request.method,
    path: pathOf(request.url),
    address: request.ip,
  }),
  err: serializeError,
};

/** Adds to the options that nothing secret is written. */
export function loggerOf(options: LoggerOptions | false): LoggerOptions | false {
  return options && { ...options, serializers: { ...options.serializers, ...serializers } };
}

type SerializedError = { type: string; message: string; stack: string; code?: string; cause?: SerializedError };

function serializeError(error: Error & { code?: unknown }): SerializedError {
  return {
    type: error.name,
    message: error.message,
    stack: error.stack ?? '',
    ...(typeof error.code === 'string' ? { code: error.code } : {}),
    ...(error.cause instanceof Error ? { cause: serializeError(error.cause) } : {}),
  };
}

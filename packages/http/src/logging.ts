import type { FastifyRequest, FastifyServerOptions } from 'fastify';

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

/** Without the token of a link, which is a secret. */
function pathOf(url: string): string {
  return (url.split('?', 1)[0] ?? '').replace(/\d+-[\w-]{43}/g, '<token>');
}

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

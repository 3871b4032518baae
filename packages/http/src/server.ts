import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { closeGracefully } from './closing.ts';
import { errorOf, type HttpError, invalidInput, maxBodyBytes } from './failures.ts';
import type { LoggerOptions } from './logging.ts';
import { endWithProblem, sendProblem, writeProblem } from './problem.ts';

/** Milliseconds for all headers of a request, and for the whole of it: who sends a byte at a time is not kept longer. */
const [headersWithin, receiveWithin] = [10_000, 30_000];

/** A Fastify that answers every failure with the envelope, its own and Node's included. */
export function createServer(logger: LoggerOptions | false): FastifyInstance {
  const app: FastifyInstance = fastify({
    logger,
    bodyLimit: maxBodyBytes,
    requestTimeout: receiveWithin,
    return503OnClosing: false,
    // By chance: a number would tell how many others call.
    genReqId: () => randomUUID(),
    rewriteUrl: ({ url = '/' }) => pathOf(url),
    http: { requireHostHeader: false, headersTimeout: headersWithin, connectionsCheckingInterval: 1000 },
    routerOptions: { maxParamLength: 2048 },
    frameworkErrors: (error, request, reply) => answerError(error, request, reply),
    clientErrorHandler: (error, socket) => endWithProblem(socket, errorOf(error)),
  });
  app.addHook('onRequest', refuseChunks);
  app.decorateRequest('credential', undefined);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, readJson);
  app.setErrorHandler(answerError);
  app.server.on('checkExpectation', (_request, response) => writeProblem(response, expectationRefused()));
  closeGracefully(app);
  return app;
}

/**
 * A body in chunks may come in a million pieces of a byte, each of which takes hundreds of bytes of memory and a turn of
 * the parser, whatever the limits of bytes are. The rest of it is not read.
 */
async function refuseChunks({ headers }: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (headers['transfer-encoding'] === undefined) return;
  reply.header('connection', 'close');
  throw invalidInput('The body has no length.', 'Send it with Content-Length, and not in chunks.', 411);
}

/** A request line may name the whole URL, as if it went through a proxy; not all that reads it later knows that. */
function pathOf(target: string): string {
  const [origin] = /^https?:\/\/[^/?#]*/i.exec(target) ?? [];
  const path = target.slice(origin?.length ?? 0);
  return origin === undefined || path.startsWith('/') ? path : `/${path}`;
}

function answerError(cause: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const error = errorOf(cause, request.id);
  if (error.code === 'internal') request.log.error({ err: cause }, error.message);
  if (error.code === 'unavailable') request.log.warn({ err: cause }, error.message);
  sendProblem(reply, error);
}

/** An empty body is no input; invalid UTF-8 would turn two texts into one. */
async function readJson(_request: FastifyRequest, body: Buffer): Promise<unknown> {
  if (body.length === 0) return undefined;
  if (!isUtf8(body)) throw invalidInput('The body is not UTF-8.', 'Send plain JSON, encoded as UTF-8.');
  try {
    return JSON.parse(body.toString());
  } catch {
    throw invalidInput('The body is not valid JSON.', 'Send one JSON object; check quotes, commas and brackets.');
  }
}

function expectationRefused(): HttpError {
  return invalidInput('The server does not do what the Expect header asks for.', 'Leave the header out.', 417);
}

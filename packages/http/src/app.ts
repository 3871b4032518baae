import { operations as catalogue, type Operation } from '@agentcoord/contract';
import type { Database } from '@agentcoord/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Authenticator } from './authentication.ts';
import { authenticate } from './callers.ts';
import { callsOver } from './calls.ts';
import { addEventStream } from './event_streams.ts';
import { assertThere } from './failures.ts';
import { addHealth } from './health.ts';
import { KeyedStreams } from './keyed_streams.ts';
import { createLimits, type RateLimit } from './limits.ts';
import { addLinks } from './links/routes.ts';
import { type LoggerOptions, loggerOf } from './logging.ts';
import { addMounts, type Mount } from './mounts.ts';
import { openApiOf } from './openapi.ts';
import { type AllowedOrigins, checkOrigin } from './origins.ts';
import { addPages } from './pages.ts';
import { answerHeaders } from './problem.ts';
import { addOperations, refuseOtherMethods, refuseUnknownRoutes } from './routes.ts';
import { createServer } from './server.ts';
import { UnderWay } from './under_way.ts';
import { Unread } from './unread.ts';
import { Waits } from './waits.ts';

export interface AppOptions extends AllowedOrigins {
  database: Database;
  /** All of the catalogue unless said otherwise. */
  operations?: readonly Operation[];
  version: string;
  /** 6000 requests a minute unless said otherwise. */
  rateLimit?: RateLimit | undefined;
  mounts?: readonly Mount[];
  /** Rejects while the server should get no requests; asks the database for its schema version unless given. */
  ready?: () => Promise<unknown>;
  /** Options of pino; no log unless given. */
  logger?: LoggerOptions | false;
}

/** The HTTP server, built and not yet listening. Whoever made the database closes it, after the server. */
export async function createApp(options: AppOptions): Promise<FastifyInstance> {
  const { database, operations = catalogue, version } = options;
  const app = createServer(loggerOf(options.logger ?? false));
  const authenticator = new Authenticator(database);
  const unread = new Unread(app);
  const underWay = new UnderWay();
  const waits = new Waits();
  const streams = new KeyedStreams(authenticator);
  // Before the mounts close, over which some of the answers travel.
  app.addHook('preClose', () => waits.close());
  app.addHook('preClose', async () => streams.close());
  const call = callsOver(database, authenticator, waits, underWay);
  const finishRoutes = refuseOtherMethods(app);
  app.addHook('onRequest', checkOrigin(options));
  refuseUnknownRoutes(app);
  const limits = await createLimits(app, options.rateLimit);
  await app.register(async (scope) => {
    scope.addHook('onRequest', authenticate(authenticator, limits));
    scope.addHook('onRequest', async (request) => unread.refuse(request));
    scope.addHook('onRequest', async (request, reply) => underWay.enter(request, reply));
    scope.addHook('onRequest', sendAnswerHeaders);
    scope.addHook('preHandler', async (_request, reply) => assertThere(reply.raw));
    addOperations(scope, operations, call, underWay);
    addEventStream(scope, { database, streams, unread, underWay });
    addMounts(scope, options.mounts ?? [], { call, database, streams, unread, underWay });
  });
  await app.register(async (scope) => {
    scope.addHook('onRequest', sendAnswerHeaders);
    addHealth(scope, version, options.ready ?? (() => database.call('schema_version', {})));
  });
  await app.register(async (scope) => addLinks(scope, database, limits));
  await app.register((scope) => addPages(scope, openApiOf(operations, version), limits));
  finishRoutes();
  await app.ready();
  return app;
}

function sendAnswerHeaders(_request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  reply.headers(answerHeaders);
  done();
}

import { type Operation, routeOf } from '@agentcoord/contract';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { callerOf } from './callers.ts';
import type { Call } from './calls.ts';
import { type HttpError, methodRefused, routeUnknown } from './failures.ts';
import { inputReader } from './input.ts';
import { pathOf } from './redaction.ts';
import type { UnderWay } from './under_way.ts';

/** Prefix of every operation's path. */
export const prefix = '/v1';

/** One route an operation. */
export function addOperations(
  app: FastifyInstance,
  operations: readonly Operation[],
  call: Call,
  underWay: UnderWay,
): void {
  for (const operation of operations) {
    const { method, path } = routeOf(operation);
    const read = inputReader(operation);
    app.route({
      method,
      url: prefix + path.replace(/\{(\w+)\}/g, ':$1'),
      handler: (request, reply) =>
        underWay.during(request, () => call(reply, operation, callerOf(request), read(request))),
    });
  }
}

/** Answers 405 with `Allow` on every path that exists, for the methods it does not have. Call before adding routes. */
export function refuseOtherMethods(app: FastifyInstance): () => void {
  const paths = new Set<string>();
  app.addHook('onRoute', ({ url }) => {
    paths.add(url);
  });
  return () => {
    for (const url of [...paths]) {
      const allowed = app.supportedMethods.filter((method) => app.hasRoute({ method, url })).sort();
      app.route({
        method: app.supportedMethods.filter((method) => !allowed.includes(method)),
        url,
        onRequest: async (request, reply) => {
          reply.header('allow', allowed.join(', '));
          throw methodRefused(request.method, allowed);
        },
        handler: () => undefined,
      });
    }
  };
}

/** Answers 404 with the envelope, before a body is read; also for pages whose file does not exist. */
export function refuseUnknownRoutes(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => (request.is404 ? done(unknownRouteOf(request)) : done()));
  app.setNotFoundHandler((request) => {
    throw unknownRouteOf(request);
  });
}

function unknownRouteOf({ method, url }: FastifyRequest): HttpError {
  return routeUnknown(method, pathOf(url));
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Invoker } from '@agentcoord/contract';
import { type Caller, type Database, followEvents } from '@agentcoord/core';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Credential } from './authentication.ts';
import { callerOf } from './callers.ts';
import type { Call } from './calls.ts';
import { errorOf } from './failures.ts';
import { closing, type KeyedStreams } from './keyed_streams.ts';
import { answerHeaders, writeProblem } from './problem.ts';
import type { UnderWay } from './under_way.ts';
import type { Unread } from './unread.ts';

/** Another protocol on a path of the server, such as MCP; called only for authenticated requests. */
export interface Mount {
  path: `/${string}`;
  /** Answers the request; `invoker` calls operations as its key, `body` is the parsed JSON. */
  handle(request: IncomingMessage, response: ServerResponse, invoker: Invoker, body: unknown): Promise<void>;
  /** Ends answers that would go on for ever, when the server closes. */
  close?(): Promise<void>;
}

/** What mounts reach operations and events by. */
export interface Reach {
  call: Call;
  database: Database;
  streams: KeyedStreams;
  unread: Unread;
  underWay: UnderWay;
}

export function addMounts(app: FastifyInstance, mounts: readonly Mount[], reach: Reach): void {
  for (const mount of mounts) {
    app.route({
      method: ['GET', 'POST', 'DELETE'],
      url: mount.path,
      exposeHeadRoute: false,
      handler: async (request, reply) => {
        const invoker = invokerOf(reply, reach);
        reply.hijack();
        const response = reply.raw;
        for (const [name, value] of Object.entries(answerHeaders)) response.setHeader(name, value);
        try {
          await reach.underWay.during(request, () => mount.handle(request.raw, response, invoker, request.body));
          reach.unread.add(reply, response.writableLength);
        } catch (cause) {
          request.log.error({ err: cause }, 'mount failed');
          writeProblem(response, errorOf(cause, request.id), request.id);
        }
      },
    });
    app.addHook('preClose', async () => mount.close?.());
  }
}

/** Other protocols name no session: all calls of a key, its registrations included, are made by its standing one. */
function invokerOf(reply: FastifyReply, { call, database, streams, underWay }: Reach): Invoker {
  const { caller: key } = reply.request.credential as Credential;
  const caller: Caller = { label: `key:${key.key_id}`, ...callerOf(reply.request) };
  return {
    invoke: (operation, input, { signal, ...options } = {}) =>
      call(reply, operation, { ...caller, ...options }, input, signal),
    async *events(input, { signal } = {}) {
      const ending = new AbortController();
      underWay.leave(reply.request);
      using _open = streams.add(reply.request, (failure) => ending.abort(failure ?? closing()));
      const ended = signal ? AbortSignal.any([signal, ending.signal]) : ending.signal;
      yield* followEvents(database, caller, input, { signal: ended });
    },
  };
}

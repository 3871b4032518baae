import { eventStream } from '@agentcoord/contract';
import { followEvents } from '@agentcoord/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { callerOf } from './callers.ts';
import { EventStream } from './event_stream.ts';
import { inputReader } from './input.ts';
import { closing } from './keyed_streams.ts';
import type { Reach } from './mounts.ts';
import { prefix } from './routes.ts';

/** The route of the stream of events, `GET /v1/events`. */
export function addEventStream(
  app: FastifyInstance,
  { database, streams, unread, underWay }: Omit<Reach, 'call'>,
): void {
  const read = inputReader(eventStream);
  app.get(`${prefix}/events`, { exposeHeadRoute: false }, async (request, reply) => {
    underWay.leave(request);
    const stream = new EventStream(reply.raw, (bytes) => unread.hold(request, bytes));
    using _open = streams.add(request, (failure) => stream.end(failure));
    const input = inputOf(request, read(request) as object);
    const events = followEvents(database, callerOf(request), input, { signal: stream.signal });
    // Until the first page has come, the answer can still be a problem.
    const { value: first } = await events.next();
    if (!first || streams.isClosed) throw closing();
    reply.hijack();
    await stream.serve(first, events);
  });
}

/** A client that comes back says so by a header, and its address still has where it began. */
function inputOf({ headers }: FastifyRequest, input: object): object {
  const after = headers['last-event-id'];
  return after === undefined || after === '' ? input : { ...input, after };
}

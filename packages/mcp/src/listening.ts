import type { ServerResponse } from 'node:http';
import { type CoordinationError, type EventPage, errorCodes, type Invoker } from '@agentcoord/contract';
import { errorOf, protocolErrorOf, type Report } from './failure.ts';

/** Whether a message asks for a stream of updates. */
export function isListening(body: unknown): body is { id: string | number } {
  return (body as { method?: unknown } | undefined)?.method === 'subscriptions/listen';
}

/**
 * The caller with its stream of events open, until the response is closed: whether it may follow, and has not too many
 * streams, is known before the answer begins. Throws `CoordinationError` when it may not.
 */
export async function openedFor(response: ServerResponse, invoker: Invoker): Promise<Invoker> {
  if (!invoker.events) return invoker;
  const closing = new AbortController();
  const pages = invoker.events({ after: 'now' }, { signal: closing.signal })[Symbol.asyncIterator]();
  response.once('close', () => {
    closing.abort();
    // Where the protocol library has refused the request, nobody has taken the stream over.
    pages.return?.().catch(() => {});
  });
  const first = await pages.next();
  let opened: AsyncIterable<EventPage> | undefined = following(first, pages);
  return {
    ...invoker,
    events: (input, options) => {
      const again = opened ?? (invoker as Required<Invoker>).events(input, options);
      opened = undefined;
      return again;
    },
  };
}

async function* following(
  first: IteratorResult<EventPage>,
  pages: AsyncIterator<EventPage>,
): AsyncGenerator<EventPage> {
  for (let page = first; !page.done; page = await pages.next()) yield page.value;
}

/** Answers a request that gets no stream: the envelope of the error within that of the protocol. */
export function refuse(response: ServerResponse, id: string | number, cause: unknown, report: Report): void {
  const error: CoordinationError = errorOf(cause, report);
  const { code, message, data } = protocolErrorOf(error);
  response.writeHead(errorCodes[error.code].http, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ jsonrpc: '2.0', id, error: { code, message, data } }));
}

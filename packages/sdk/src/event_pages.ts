import { CoordinationError, type CoordinationEvent, type EventPage, errorBodyOf } from '@agentcoord/contract';

/** Milliseconds without a byte after which a connection counts as lost; the server says something every 15 s. */
export const silenceLimit = 40_000;

/**
 * Server-sent events as pages: one for each chunk that came. Ends when the server ends the stream, throws what the
 * server says in an event `failure`.
 */
export async function* eventPages(
  body: ReadableStream<Uint8Array>,
  onChunk: () => void,
): AsyncGenerator<EventPage, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    onChunk();
    const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n');
    rest = blocks.pop() as string;
    const page = pageOf(blocks);
    if (page) yield page;
  }
}

/** What the blocks say, of which each is an event or a position. */
function pageOf(blocks: readonly string[]): EventPage | undefined {
  const events: CoordinationEvent[] = [];
  let cursor: string | undefined;
  for (const block of blocks) {
    const fields = new Map(block.split('\n').map((line) => line.split(/: ?(.*)/s, 2) as [string, string]));
    const data = fields.get('data');
    if (fields.get('event') === 'failure') throw failureOf(data);
    if (data !== undefined && !fields.has('event')) events.push(JSON.parse(data));
    cursor = fields.get('id') ?? cursor;
  }
  return cursor === undefined ? undefined : { events, cursor };
}

function failureOf(data = '{}'): CoordinationError {
  const body = errorBodyOf(JSON.parse(data));
  return new CoordinationError(body ?? { code: 'unavailable', message: 'The stream broke.', hint: 'Open it again.' });
}

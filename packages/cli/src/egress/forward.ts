import type { LookupAddress } from 'node:dns';
import { type IncomingMessage, request as openRequest, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { CoordinationError } from '@agentcoord/contract';
import { connectionTo, unreachable } from './connection.ts';
import type { Place } from './gate.ts';

/** Milliseconds without a byte from the server after which a request is given up. */
const patience = 120_000;

/** What is between a client and the proxy, and goes no further. */
const hopByHop = new Set([
  ...['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection'],
  ...['te', 'trailer', 'transfer-encoding', 'upgrade'],
]);

/** Passes a request on to the place that was checked, and the answer back. Throws before anything was answered. */
export async function forward(
  request: IncomingMessage,
  response: ServerResponse,
  place: Place,
  addresses: LookupAddress[],
): Promise<void> {
  const { pathname, search, host } = new URL(request.url as string);
  const outgoing = openRequest({
    ...connectionTo(place, addresses),
    method: request.method,
    path: `${pathname}${search}`,
    // The host that was checked, whatever the header says: a server must not be asked for another one.
    headers: [...endToEnd(request), 'Host', host, ...(isBodyChunked(request) ? ['Transfer-Encoding', 'chunked'] : [])],
    setHost: false,
    agent: false,
    timeout: patience,
  });
  response.once('close', () => outgoing.destroy());
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve).on('error', reject);
    // Nobody asked for one.
    outgoing.once('upgrade', (_answer, socket) => {
      socket.destroy();
      reject(new Error('The server wants another protocol.'));
    });
    outgoing.once('timeout', () => outgoing.destroy(new Error('The server is silent.')));
  });
  pipeline(request, outgoing).catch(() => {});
  const answer = await answered.catch((cause: unknown) => {
    throw unreachable(place, cause);
  });
  if (answer.statusCode === 407) throw misplaced(place);
  try {
    response.writeHead(answer.statusCode as number, answer.statusMessage, endToEnd(answer));
  } catch (cause) {
    answer.destroy();
    throw malformed(place, cause);
  }
  // Who has gone, on whichever side, is told by the end of the stream.
  await pipeline(answer, response).catch(() => {});
}

/**
 * Headers as they came, without those of the connection and those that it names. How long a body is stays with it, whatever
 * the connection says: without it the body would be read as a request of its own, which nobody has checked.
 */
function endToEnd({ rawHeaders, headers, httpVersion }: IncomingMessage): string[] {
  const named = String(headers.connection ?? '')
    .toLowerCase()
    .split(/\s*,\s*/);
  const kept: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = '', value = ''] = rawHeaders.slice(index, index + 2);
    const key = name.toLowerCase();
    const isDropped = hopByHop.has(key) || (named.includes(key) && key !== 'content-length');
    if (key !== 'host' && !isDropped) kept.push(name, value);
  }
  return [...kept, 'Via', `${httpVersion} agentcoord`];
}

function malformed({ host }: Place, cause: unknown): CoordinationError {
  return new CoordinationError(
    {
      code: 'unavailable',
      message: `${host} answered with what HTTP does not allow.`,
      hint: 'Look at what runs there; the proxy has let the request through.',
    },
    { cause },
  );
}

const isBodyChunked = ({ headers }: IncomingMessage) => headers['transfer-encoding'] !== undefined;

function misplaced({ host }: Place): CoordinationError {
  return new CoordinationError({
    code: 'unavailable',
    message: `${host} answered as if it were a proxy.`,
    hint: 'A server must not ask for the password of the proxy: look at what runs there.',
  });
}

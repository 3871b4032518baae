import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { CoordinationError } from '@agentcoord/contract';
import { parseTarget } from '@agentcoord/core';
import { track } from './connection.ts';
import { authorises, challenge } from './credentials.ts';
import { forward } from './forward.ts';
import type { Gate, Place } from './gate.ts';
import { envelope, refusalOf, refuseRaw } from './refusal.ts';
import { tunnel } from './tunnel.ts';

export interface ProxyOptions {
  gate: Gate;
  /** Who may use the proxy: whoever knows this. Without it other users of the machine would go out as this agent. */
  password: string;
  /** 0, the default: any free one. */
  port?: number;
  /** Told of what was not let through. */
  onRefused?: (place: string, error: CoordinationError) => void;
}

export interface Proxy {
  /** Where clients find it, with the password. */
  url: string;
  close(): Promise<void>;
}

/** Most clients connected at once; more are not taken in. */
const mostConnections = 512;

/** Starts a forward proxy on the loopback address, for HTTP and for tunnels (CONNECT). */
export async function startProxy({ gate, password, port = 0, onRefused = () => {} }: ProxyOptions): Promise<Proxy> {
  const sockets = new Set<Duplex>();
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 0, keepAliveTimeout: 5000 });
  server.maxConnections = mostConnections;

  /** The addresses of a place, for whoever knows the password. */
  async function admit(request: IncomingMessage, place: Place | undefined) {
    if (!authorises(request.headers['proxy-authorization'], password)) throw challenge();
    if (!place) throw unreadable();
    return { place, addresses: await gate(place) };
  }

  function refused(request: IncomingMessage, error: unknown) {
    const refusal = refusalOf(error);
    if (refusal.error.code !== 'unauthenticated') onRefused(hostIn(request), refusal.error);
    return refusal;
  }

  server.on('request', async (request: IncomingMessage, response: ServerResponse) => {
    response.on('error', () => {});
    try {
      const { place, addresses } = await admit(request, placeOfUrl(request.url));
      await forward(request, response, place, addresses);
    } catch (error) {
      const { status, headers, error: body } = refused(request, error);
      if (response.headersSent) response.destroy();
      // With words of its own: those of the server may be what could not be passed on.
      else response.writeHead(status, STATUS_CODES[status], { ...headers, connection: 'close' }).end(envelope(body));
    }
  });

  server.on('connect', async (request: IncomingMessage, client: Socket, head: Buffer) => {
    client.on('error', () => client.destroy());
    try {
      const { place, addresses } = await admit(request, placeOfAuthority(request.url));
      await tunnel(client, head, place, addresses, sockets);
    } catch (error) {
      refuseRaw(client, refused(request, error));
    }
  });

  server.on('connection', (socket) => track(sockets, socket));
  server.on('clientError', (_error, socket) => socket.destroy());
  await listening(server, port);
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://agent:${password}@127.0.0.1:${bound}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new CoordinationError(
          {
            code: 'unavailable',
            message: `The proxy cannot listen on port ${port}.`,
            hint: 'Another program may have it: choose another one with --port.',
          },
          { cause },
        ),
      ),
    );
    server.listen(port, '127.0.0.1', resolve);
  });
}

/** The place of `http://host:port/path`, which is how a client asks a proxy; another scheme needs a tunnel. */
function placeOfUrl(url = ''): Place | undefined {
  const target = parseTarget(url);
  if ('problem' in target || target.scheme !== 'http' || !target.port) return undefined;
  return { host: target.host, port: target.port };
}

/** The place of `host:port`, which is all that a tunnel may name. */
function placeOfAuthority(authority = ''): Place | undefined {
  if (/[/@?#]/.test(authority)) return undefined;
  const target = parseTarget(authority);
  return 'problem' in target || !target.port ? undefined : { host: target.host, port: target.port };
}

/** What a request wants to reach, for people: the host alone, because the rest may hold secrets. */
function hostIn({ url = '' }: IncomingMessage): string {
  const target = parseTarget(url);
  return 'problem' in target ? 'a host that cannot be read' : target.host;
}

function unreadable(): CoordinationError {
  return new CoordinationError({
    code: 'invalid_input',
    message: 'The request names no place that a proxy can reach.',
    hint: 'Ask for http://host/path, or use CONNECT host:port, as every client does that knows of the proxy.',
  });
}

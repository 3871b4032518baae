import type { LookupAddress } from 'node:dns';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connectionTo, track, unreachable } from './connection.ts';
import type { Place } from './gate.ts';

/** Milliseconds to reach the server, and without a byte in either direction after which a tunnel is closed. */
const [reachWithin, idleAfter] = [15_000, 600_000];

/** Joins a client with the place that was checked. Throws before the client was answered. */
export async function tunnel(
  client: Socket,
  head: Buffer,
  place: Place,
  addresses: LookupAddress[],
  sockets: Set<Duplex>,
): Promise<void> {
  const server = connect(connectionTo(place, addresses));
  track(sockets, server);
  client.once('close', () => server.destroy());
  await reached(server).catch((cause: unknown) => {
    server.destroy();
    throw unreachable(place, cause);
  });
  server.on('error', () => client.destroy());
  server.once('close', () => client.destroySoon());
  server.setTimeout(idleAfter, () => server.destroy());
  client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
  if (head.length > 0) server.write(head);
  client.pipe(server).pipe(client);
}

function reached(server: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).once('connect', () => {
      server.setTimeout(0);
      resolve();
    });
    server.once('close', () => reject(new Error('The connection was closed.')));
    server.setTimeout(reachWithin, () => server.destroy(new Error('The server does not answer.')));
  });
}

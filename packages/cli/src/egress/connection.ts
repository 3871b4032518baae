import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { Duplex } from 'node:stream';
import { CoordinationError } from '@agentcoord/contract';
import type { Place } from './gate.ts';

/**
 * What a socket needs to connect to a place: it looks names up here, and finds only addresses that were checked. The next
 * one is tried where one does not answer.
 */
export function connectionTo({ host, port }: Place, addresses: LookupAddress[]) {
  const lookup: LookupFunction = (_host, { all }, done) => {
    const [first] = addresses as [LookupAddress];
    if (all) done(null, addresses);
    else done(null, first.address, first.family);
  };
  return { host, port, lookup, autoSelectFamily: true } as const;
}

export function unreachable({ host, port }: Place, cause: unknown): CoordinationError {
  return new CoordinationError(
    {
      code: 'unavailable',
      message: `${host}:${port} may be reached, and does not answer.`,
      hint: 'Try again in a moment; the proxy has let the request through.',
    },
    { cause },
  );
}

/** Remembers a socket until it is closed, so that it can be closed with the proxy. */
export function track(sockets: Set<Duplex>, socket: Duplex): void {
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
}

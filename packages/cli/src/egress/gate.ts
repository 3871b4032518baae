import { promises as dns, type LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { CoordinationError, type Coordinator } from '@agentcoord/contract';
import { parseTarget } from '@agentcoord/core';

/** A place to connect to: a host in its one form, and a port. */
export interface Place {
  host: string;
  port: number;
}

/** Finds the addresses of a name. */
export type Resolve = (host: string) => Promise<LookupAddress[]>;

/** Says which addresses a connection to a place may go to; throws `CoordinationError` when to none. */
export type Gate = (place: Place) => Promise<LookupAddress[]>;

interface GateOptions {
  /** What needs no rule: the coordinator itself, whom the processes behind the proxy ask. */
  own?: Place | undefined;
  resolve?: Resolve;
}

const resolveByDns: Resolve = (host) => dns.lookup(host, { all: true });

/** Milliseconds for the name servers to answer. */
const resolveWithin = 5000;

/**
 * Asks the coordinator before each connection. A name is looked up only once it is allowed, and what it leads to is asked
 * about again: the addresses answered are those that were checked, and nothing else may be connected to.
 */
export function gateOver(
  coordinator: Pick<Coordinator, 'checkNetwork'>,
  { own, resolve = resolveByDns }: GateOptions = {},
): Gate {
  async function ask(host: string, addresses?: string[]): Promise<void> {
    const answer = await coordinator.checkNetwork({ host, ...(addresses ? { addresses } : {}) });
    if (answer.allowed) return;
    throw new CoordinationError({
      code: 'forbidden',
      message: `${host} may not be reached.`,
      hint: answer.hint ?? 'Ask an administrator.',
      details: { host, reason: answer.reason, rule: answer.rule },
    });
  }

  return async ({ host, port }) => {
    const isOwn = own?.host === host && own.port === port;
    if (!isOwn) await ask(host);
    const family = isIP(host);
    if (family) return [{ address: host, family }];
    const found = (await lookUp(host, resolve)).map(unwrapped);
    if (!isOwn)
      await ask(
        host,
        found.slice(0, 32).map(({ address }) => address),
      );
    return found.slice(0, 32);
  };
}

async function lookUp(host: string, resolve: Resolve): Promise<LookupAddress[]> {
  const late = AbortSignal.timeout(resolveWithin);
  const expiry = new Promise<never>((_, reject) => {
    late.addEventListener('abort', () => reject(late.reason), { once: true });
  });
  const found = await Promise.race([resolve(host), expiry]).catch(() => []);
  if (found.length > 0) return found;
  throw new CoordinationError({
    code: 'unavailable',
    message: `${host} has no address.`,
    hint: 'Check the name, or try again in a moment.',
  });
}

/** The address as the coordinator knows it: one that wraps IPv4 is that. */
function unwrapped({ address, family }: LookupAddress): LookupAddress {
  const target = parseTarget(address);
  if ('problem' in target) return { address, family };
  return { address: target.host, family: isIP(target.host) };
}

import { CoordinationError } from '@agentcoord/contract';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Line } from './line.ts';

export interface RateLimit {
  /** Requests of one key in a window; also the refused keys of one address. */
  max: number;
  windowSeconds: number;
}

/** Far above what ten busy agents send with one key, far below what harms the database. */
const defaultLimit: RateLimit = { max: 6000, windowSeconds: 60 };

/** Counts requests, and throws `limit_exceeded` when there were too many. */
export interface Limits {
  /** One more request of the authenticated key. */
  countKey(request: FastifyRequest): Promise<void>;
  /** One more request of an address that has shown no valid key. */
  countAddress(request: FastifyRequest): Promise<void>;
  /** One more request of an address for a link that does not exist; beside its keys. */
  countUnknownLink(request: FastifyRequest): Promise<void>;
  /** One more page for an address; beside its keys. */
  countPage(request: FastifyRequest): Promise<void>;
  /**
   * The turn of a request whose key is new here: at once, but where its address has used up its share, after the others of
   * that address. Throws when too many of them wait.
   */
  turnOf(request: FastifyRequest): Promise<Disposable>;
}

export async function createLimits(app: FastifyInstance, limit: RateLimit = defaultLimit): Promise<Limits> {
  await app.register(rateLimit, { global: false });
  const window = { max: limit.max, timeWindow: limit.windowSeconds * 1000 };
  const keys = app.createRateLimit({ ...window, keyGenerator: (request) => request.credential?.caller.key_id ?? '' });
  // Who has gone already has no address any more.
  const byAddress = { ...window, keyGenerator: (request: FastifyRequest) => request.ip ?? '' };
  const addresses = app.createRateLimit(byAddress);
  const links = app.createRateLimit(byAddress);
  const pages = app.createRateLimit(byAddress);
  const line = new Line();
  return {
    async countKey(request) {
      const state = await keys(request);
      if (!state.isAllowed && state.isExceeded) throw limitExceeded('This key', limit, state.ttlInSeconds);
    },
    async countAddress(request) {
      const state = await addresses(request);
      if (!state.isAllowed && state.isExceeded) throw limitExceeded('This address', limit, state.ttlInSeconds);
    },
    async countUnknownLink(request) {
      const state = await links(request);
      if (!state.isAllowed && state.isExceeded) throw limitExceeded('This address', limit, state.ttlInSeconds);
    },
    async countPage(request) {
      const state = await pages(request);
      if (!state.isAllowed && state.isExceeded) throw limitExceeded('This address', limit, state.ttlInSeconds);
    },
    async turnOf(request) {
      const state = await addresses(request, { increment: false });
      if (state.isAllowed || state.remaining > 0) return { [Symbol.dispose]: () => {} };
      const turn = line.join(request.ip);
      if (!turn) throw limitExceeded('This address', limit, state.ttlInSeconds);
      return turn;
    },
  };
}

function limitExceeded(who: string, limit: RateLimit, seconds: number): CoordinationError {
  return new CoordinationError({
    code: 'limit_exceeded',
    message: `${who} has sent more than ${limit.max} requests in ${limit.windowSeconds} seconds.`,
    hint: `Wait ${seconds} seconds and send the request again, and less often from then on.`,
    details: { retry_after_seconds: seconds },
  });
}

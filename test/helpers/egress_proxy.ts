import { gateOver, type Resolve } from '../../packages/cli/src/egress/gate.ts';
import { type ProxyOptions, startProxy } from '../../packages/cli/src/egress/proxy.ts';
import type { TestSession } from './database.ts';

export const password = 'secret-of-the-proxy';

/** A proxy for an agent that finds names where it is told to, and the address clients are given. */
export async function egressProxyFor(
  agent: TestSession,
  resolve?: Resolve,
  more: Partial<ProxyOptions> = {},
): Promise<{ url: string } & AsyncDisposable> {
  const gate = gateOver(agent, resolve ? { resolve } : {});
  const proxy = await startProxy({ gate, password, ...more });
  return { url: proxy.url, [Symbol.asyncDispose]: () => proxy.close() };
}

import { connect } from '@agentcoord/sdk';
import type { Door } from './door.ts';
import { startHttpServer } from './http_server.ts';

/** Over HTTP with a key an agent, through the SDK. */
export const httpThroughSdk: Door = {
  name: 'HTTP through the SDK',
  trusts: [2, 4],
  beats: true,
  idempotent: true,
  async open(db) {
    const cleanup = new AsyncDisposableStack();
    const server = cleanup.use(await startHttpServer(db));
    return {
      enter: async (holder) =>
        cleanup.use(await connect({ url: server.url, api_key: await server.keyFor(holder), agent_type: 'test' })),
      [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
    };
  },
};

import type { FastifyInstance } from 'fastify';

/** Milliseconds that running requests get to finish after `close()`. */
const grace = 10_000;

/** Node closes only the connections that are idle at that moment, so those that become idle later are swept up. */
const sweepEvery = 50;

/** `close()` stops listening, lets requests finish, and cuts what is still open after 10 s. */
export function closeGracefully(app: FastifyInstance): void {
  app.addHook('preClose', async () => {
    const sweep = setInterval(() => app.server.closeIdleConnections(), sweepEvery);
    const cut = setTimeout(() => app.server.closeAllConnections(), grace);
    app.server.once('close', () => {
      clearInterval(sweep);
      clearTimeout(cut);
    });
  });
}

import { CoordinationError } from '@agentcoord/contract';
import type { FastifyInstance } from 'fastify';

/** Milliseconds within which the database must answer for the server to count as ready. */
const readyWithin = 2000;

/** `/livez`: the process answers. `/readyz`: its database does, too. Neither wants a key. */
export function addHealth(app: FastifyInstance, version: string, ready: () => Promise<unknown>): void {
  const check = shared(() => withDeadline(ready()));
  // The process id lets `agentcoord down` make sure whom it stops.
  app.get('/livez', async () => ({ status: 'alive', version, pid: process.pid }));
  app.get('/readyz', async () => {
    await check();
    return { status: 'ready', version };
  });
}

/** Without a key anybody may ask, so simultaneous questions cost the database one. */
function shared(check: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= check().finally(() => {
      running = undefined;
    });
    return running;
  };
}

async function withDeadline(answer: Promise<unknown>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(notReady()), readyWithin);
  try {
    await Promise.race([answer, promise]);
  } catch (cause) {
    throw cause instanceof CoordinationError ? cause : notReady({ cause });
  } finally {
    clearTimeout(timer);
  }
}

function notReady(options?: ErrorOptions): CoordinationError {
  return new CoordinationError(
    {
      code: 'unavailable',
      message: `The database did not answer within ${readyWithin / 1000} seconds.`,
      hint: 'Nothing needs to be changed: ask again in a few seconds. `agentcoord doctor` says what is wrong.',
    },
    options,
  );
}

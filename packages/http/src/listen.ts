import { once } from 'node:events';
import { createServer } from 'node:net';
import { CoordinationError, type ErrorCode } from '@agentcoord/contract';
import type { FastifyInstance } from 'fastify';

export interface Address {
  /** 127.0.0.1 unless said otherwise: nobody else's machine reaches it. */
  host?: string;
  /** 0 for any that is free. */
  port: number;
}

const failures: Record<string, [code: ErrorCode, problem: string, hint: string]> = {
  EADDRINUSE: [
    'conflict',
    'is in use by another process',
    'Set AGENTCOORD_PORT to a free port, or stop the other process.',
  ],
  EACCES: ['forbidden', 'may not be opened by this user', 'Set AGENTCOORD_PORT to a port above 1023.'],
  EADDRNOTAVAIL: ['invalid_input', 'is on an address this machine does not have', 'Listen on 127.0.0.1.'],
};

/** Starts to listen and answers the address, such as `http://127.0.0.1:8787`. Throws `conflict` on a taken port. */
export async function listen(app: FastifyInstance, { host = '127.0.0.1', port }: Address): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (cause) {
    throw refusalOf(cause, host, port);
  }
}

/** Throws what `listen` would, for whoever has much to start before that. */
export async function assertFree({ host = '127.0.0.1', port }: Address): Promise<void> {
  const trial = createServer().listen({ host, port });
  try {
    await once(trial, 'listening');
  } catch (cause) {
    throw refusalOf(cause, host, port);
  }
  trial.close();
  await once(trial, 'close');
}

function refusalOf(cause: unknown, host: string, port: number): unknown {
  const failure = failures[(cause as NodeJS.ErrnoException).code ?? ''];
  if (!failure) return cause;
  const [code, problem, hint] = failure;
  return new CoordinationError({ code, message: `Port ${port} on ${host} ${problem}.`, hint }, { cause });
}

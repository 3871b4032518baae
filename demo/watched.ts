import type { Coordinator, Transport } from '@agentcoord/contract';
import type { Tell } from './events.ts';

type LockAnswer = Awaited<ReturnType<Coordinator['acquireLock']>>;

/** The same transport, with `tell` hearing of each refused lock: who holds what. */
export function watched(transport: Transport, tell: Tell): Transport {
  return {
    async invoke(operation, input, options) {
      const answer = await transport.invoke(operation, input, options);
      const [held] = operation.name === 'acquire_lock' ? ((answer as LockAnswer).blocked_by ?? []) : [];
      if (held) tell({ event: 'waiting', path: held.path, holder: held.agent });
      return answer;
    },
    close: () => transport.close(),
  };
}

import type { Coordinator } from '@agentcoord/contract';
import type { Dice } from '../dice.ts';
import type { Orders } from '../worker.ts';
import { holdLocks } from './locks.ts';
import { workOnTasks } from './tasks.ts';

/** What a role plays with. */
export interface Part {
  orders: Orders;
  coordinator: Coordinator;
  dice: Dice;
  /** Aborted when the proof is over. */
  signal: AbortSignal;
  /** Tells the process that started this one; resolves once it is on its way. */
  tell(message: unknown): Promise<unknown>;
}

/** What a client process does. */
export const roles = { locks: holdLocks, tasks: workOnTasks } satisfies Record<string, (part: Part) => Promise<void>>;

export type RoleName = keyof typeof roles;

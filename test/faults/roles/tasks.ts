import { setTimeout as pause } from 'node:timers/promises';
import { CoordinationError } from '@agentcoord/contract';
import type { Part } from './index.ts';

/** How long a claim lasts, and how often a worker takes it to its end. */
export interface TaskPlan {
  lease_seconds: number;
  /** Milliseconds at most for which a slow worker says nothing. */
  slow: number;
}

/** What the input of a task tells its worker to do. */
export type Fate = 'done' | 'fails' | 'abandoned' | 'crashes' | 'slow' | 'works';

/** Claims and completes tasks, as their input says: done, failed, never reported, or with the death of the worker. */
export async function workOnTasks({ coordinator, signal, dice, orders }: Part): Promise<void> {
  const { lease_seconds, slow } = orders.plan as unknown as TaskPlan;
  let claim: Claim | undefined;
  while (!signal.aborted) {
    try {
      const { claimed, task, claim_token } = claim ?? (await coordinator.getWork({ lease_seconds }));
      claim = undefined;
      if (!claimed || !task || claim_token === undefined) {
        await pause(dice.between(20, 100));
        continue;
      }
      const fate = String(task.input?.fate) as Fate;
      if (fate === 'abandoned') continue;
      if (fate === 'crashes') process.kill(process.pid, 'SIGKILL');
      if (fate === 'slow') await pause(dice.between(0, slow));
      if (fate === 'works') await pause(dice.between(20, 100));
      const completion = { task_id: task.task_id, claim_token, success: fate !== 'fails' };
      claim = await report({ coordinator, signal, claim_next: dice.chance(0.5), ...completion });
    } catch (error) {
      if (!(error instanceof CoordinationError)) throw error;
      await pause(20);
    }
  }
}

type Claim = Awaited<ReturnType<Part['coordinator']['getWork']>>;

interface Report extends Pick<Part, 'coordinator' | 'signal'> {
  task_id: string;
  claim_token: number;
  success: boolean;
  claim_next: boolean;
}

/**
 * Asks again while nobody answers, as a good client does: the key makes that safe, and a conflict ends it. Answers the
 * claim that came with it.
 */
async function report({ coordinator, signal, ...completion }: Report): Promise<Claim | undefined> {
  const idempotency_key = `${completion.task_id}-${completion.claim_token}`;
  for (let attempt = 0; attempt < 20 && !signal.aborted; attempt++) {
    try {
      const result = { token: completion.claim_token };
      return (await coordinator.completeWork({ ...completion, result }, { idempotency_key })).next;
    } catch (error) {
      if (!(error instanceof CoordinationError && error.code === 'unavailable')) throw error;
      await pause(50);
    }
  }
  return undefined;
}

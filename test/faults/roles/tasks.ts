import { setTimeout as pause } from 'node:timers/promises';
import { CoordinationError } from '@agentcoord/contract';
import type { Part } from './index.ts';

/** How long a claim lasts, and how often a worker takes it to its end. */
export interface TaskPlan {
  lease_seconds: number;
}

/** What the input of a task tells its worker to do. */
export type Fate = 'done' | 'fails' | 'abandoned' | 'crashes' | 'slow' | 'works';

/** Claims and completes tasks, as their input says: done, failed, never reported, or with the death of the worker. */
export async function workOnTasks({ coordinator, signal, dice, orders }: Part): Promise<void> {
  const { lease_seconds } = orders.plan as unknown as TaskPlan;
  while (!signal.aborted) {
    try {
      const { claimed, task, claim_token } = await coordinator.getWork({ lease_seconds });
      if (!claimed || !task || claim_token === undefined) {
        await pause(dice.between(20, 100));
        continue;
      }
      const fate = String(task.input?.fate) as Fate;
      if (fate === 'abandoned') continue;
      if (fate === 'crashes') process.kill(process.pid, 'SIGKILL');
      if (fate === 'slow') await pause(dice.between(0, lease_seconds * 1100));
      if (fate === 'works') await pause(dice.between(20, 100));
      const success = fate !== 'fails';
      await report({ coordinator, task_id: task.task_id, claim_token, success, signal });
    } catch (error) {
      if (!(error instanceof CoordinationError)) throw error;
      await pause(20);
    }
  }
}

interface Report extends Pick<Part, 'coordinator' | 'signal'> {
  task_id: string;
  claim_token: number;
  success: boolean;
}

/** Asks again while nobody answers, as a good client does: the key makes that safe, and a conflict ends it. */
async function report({ coordinator, signal, ...completion }: Report): Promise<void> {
  const idempotency_key = `${completion.task_id}-${completion.claim_token}`;
  for (let attempt = 0; attempt < 20 && !signal.aborted; attempt++) {
    try {
      await coordinator.completeWork({ ...completion, result: { token: completion.claim_token } }, { idempotency_key });
      return;
    } catch (error) {
      if (!(error instanceof CoordinationError && error.code === 'unavailable')) throw error;
      await pause(50);
    }
  }
}

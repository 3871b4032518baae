import { setTimeout as pause } from 'node:timers/promises';
import type { Coordinator } from '@agentcoord/contract';
import { members } from './crew.ts';

/** A task that all others depend on. As long as it is claimed, there is work to come and nothing to do. */
interface Gate {
  task_id: string;
  claim_token: number;
}

/** Processes start at their own pace; the gate makes the agents begin together. */
export async function closeGate({ submitWork, getWork }: Coordinator): Promise<Gate> {
  const { task_id } = await submitWork({ title: 'Wait until everybody is here' });
  const { claim_token } = await getWork();
  if (claim_token === undefined) throw new Error('The queue did not hand out the task that was just submitted.');
  return { task_id, claim_token };
}

/** Completes the task as soon as every agent has a session. */
export async function openGate({ discoverAgents, completeWork }: Coordinator, gate: Gate): Promise<void> {
  for (;;) {
    const { agents } = await discoverAgents();
    const present = new Set(agents.map(({ agent }) => agent));
    if (members.every(({ name }) => present.has(name))) break;
    await pause(50);
  }
  await completeWork(gate);
}

import type { Session } from '@agentcoord/sdk';
import type { Tell } from './events.ts';

/** Tells whoever holds one of the files that somebody waits for it. */
export async function askHolder({ coordinator }: Session, paths: string[], task: number, tell: Tell): Promise<void> {
  const { locks } = await coordinator.checkLocks({ paths });
  const held = locks.find(({ mine }) => !mine);
  if (!held) return;
  await coordinator.sendMessage({ to: held.agent, text: `Task ${task} waits for ${held.path}.` });
  tell({ event: 'wrote', to: held.agent });
  tell({ event: 'waiting', path: held.path, holder: held.agent });
}

/** Reads what others wrote meanwhile. */
export async function readInbox({ coordinator }: Session, tell: Tell): Promise<void> {
  const { items } = await coordinator.readInbox();
  for (const { kind, from = 'somebody' } of items) if (kind === 'message') tell({ event: 'read', from });
}

/** Waits until a person has approved exactly this; throws when it is not approved. */
export async function askApproval({ coordinator }: Session, task: number, paths: string[], tell: Tell): Promise<void> {
  tell({ event: 'asking' });
  const payload = { task, paths };
  const { approval_id, status, decided_by } = await coordinator.requestApproval({
    ...{ action_type: 'commit', description: `Commit task ${task}: ${paths.join(', ')}`, payload },
    wait_seconds: 60,
  });
  if (status !== 'approved') throw new Error(`its approval is ${status}`);
  await coordinator.useApproval({ approval_id, payload });
  tell({ event: 'approved', by: decided_by ?? 'somebody' });
}

/** Leaves word for the next session. */
export async function handOver({ coordinator }: Session, done: number[], tell: Tell): Promise<void> {
  const summary = `End of my shift: task ${done.join(', ')} done, the queue has the rest.`;
  await coordinator.writeHandoff({ summary, next_steps: ['Go on with the queue.'] });
  tell({ event: 'handed_over', summary });
}

/** Reads what the agent itself, in an earlier session, left. */
export async function takeOver({ coordinator }: Session, tell: Tell): Promise<void> {
  const { agent, handoffs } = await coordinator.registerSession({ working_on: 'the tasks of the demo' });
  const own = handoffs.find((offer) => offer.agent === agent && !offer.automatic);
  if (!own) return;
  const { handoffs: whole } = await coordinator.readHandoff({ handoff_id: own.handoff_id });
  tell({ event: 'took_over', from: agent, summary: String(whole[0]?.summary) });
}

import { setTimeout as pause } from 'node:timers/promises';
import type { Coordinator } from '@agentcoord/contract';

/** Milliseconds that the person of this demo takes to look at a request. */
const thinking = 700;

/** Approves whatever is asked until told to stop, as the person would whose demo this is. */
export async function approveAll({ listApprovals, decideApproval }: Coordinator, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const { approvals } = await listApprovals({ status: 'pending' });
    if (approvals.length > 0) await pause(thinking);
    for (const { approval_id } of approvals) {
      await decideApproval({ approval_id, decision: 'approve', reason: 'It is a demo.' }).catch(() => {});
    }
    await pause(100);
  }
}

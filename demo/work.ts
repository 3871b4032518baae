import { setTimeout as pause } from 'node:timers/promises';
import type { Claim, LockOptions, Session } from '@agentcoord/sdk';
import type { Tell } from './events.ts';
import { assignment } from './plan.ts';
import { askApproval, askHolder, handOver, readInbox, takeOver } from './talk.ts';
import type { WorkingCopy } from './working_copy.ts';

/** Seconds after which what a dead agent held is free. Living agents renew in time. */
const lease = 5;
const patience: LockOptions = { wait_seconds: 60, ttl_seconds: lease };

/** The file that every commit writes, whichever files it commits. */
const gitIndex = '.git/index';

/**
 * The life of an agent, whatever door its session goes through: claim, lock, edit, commit, report, until all is done;
 * or until the end of its shift, after so many tasks, when it leaves word for its next session.
 */
export async function work(session: Session, copy: WorkingCopy, tell: Tell, shift = Number.POSITIVE_INFINITY) {
  const done: number[] = [];
  await takeOver(session, tell);
  for (;;) {
    const claim = await session.claim({ lease_seconds: lease });
    if (claim) {
      const task = await attempt(session, claim, copy, tell);
      await readInbox(session, tell);
      if (task !== undefined) done.push(task);
      if (done.length >= shift) return handOver(session, done, tell);
    } else if (await isDrained(session)) {
      return;
    } else {
      tell({ event: 'idle' });
      await pause(200 + Math.random() * 200);
    }
  }
}

/** A lost lock or claim costs the attempt, not the agent: disposing of the claim gives the task back. Answers what is done. */
async function attempt(session: Session, claim: Claim, copy: WorkingCopy, tell: Tell): Promise<number | undefined> {
  await using claimed = claim;
  const task = assignment.parse(claimed.task.input).number;
  try {
    tell({ event: 'took', task });
    const commit = await perform(session, claimed, copy, tell);
    await claimed.complete({ commit });
    tell({ event: 'done', task });
    return task;
  } catch (error) {
    tell({ event: 'setback', message: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}

/** Edits and commits the files of the task while holding them; answers the commit. */
async function perform(session: Session, claim: Claim, copy: WorkingCopy, tell: Tell): Promise<string> {
  const { number: task, edits, needs_approval } = assignment.parse(claim.task.input);
  const paths = edits.map(({ path }) => path);
  const options = { ...patience, reason: claim.task.title };
  await askHolder(session, paths, task, tell);
  return session.withLock(
    paths,
    async (lock) => {
      const signal = AbortSignal.any([lock.signal, claim.signal]);
      const committed = claim.task.attempt > 1 ? await copy.commitOf(task) : undefined;
      if (committed) return committed;
      await clearAway(session, copy, paths);
      for (const [written, edit] of edits.entries()) {
        tell({ event: 'editing', path: edit.path, written, left: edits.length - written });
        await copy.edit(edit, signal);
      }
      if (needs_approval) await askApproval(session, task, paths, tell);
      return session.withLock(
        gitIndex,
        () => {
          signal.throwIfAborted();
          tell({ event: 'committing' });
          return copy.commit(paths, claim.task.title, task);
        },
        options,
      );
    },
    options,
  );
}

/** Nobody else may write these files now, so changes in them are what an agent left that died in the middle. */
async function clearAway(session: Session, copy: WorkingCopy, paths: string[]): Promise<void> {
  if (!(await copy.isChanged(paths))) return;
  await session.withLock(gitIndex, () => copy.restore(paths), patience);
}

/** Whoever has a claim may still fail or die, and finishing a task may free others; blocked ones alone never start. */
async function isDrained({ coordinator }: Session): Promise<boolean> {
  const statuses = ['ready', 'scheduled', 'claimed'] as const;
  const lists = await Promise.all(statuses.map((status) => coordinator.listTasks({ status, limit: 1 })));
  return lists.every(({ tasks, next_before }) => tasks.length === 0 && next_before === null);
}

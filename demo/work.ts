import { setTimeout as pause } from 'node:timers/promises';
import type { Claim, LockOptions, Session } from '@agentcoord/sdk';
import type { Tell } from './events.ts';
import { assignment } from './plan.ts';
import type { WorkingCopy } from './working_copy.ts';

/** Seconds after which what a dead agent held is free. Living agents renew in time. */
const lease = 5;
const patience: LockOptions = { wait_seconds: 60, ttl_seconds: lease };

/** The file that every commit writes, whichever files it commits. */
const gitIndex = '.git/index';

/** The life of an agent, whatever door its session goes through: claim, lock, edit, commit, report, until all is done. */
export async function work(session: Session, copy: WorkingCopy, tell: Tell): Promise<void> {
  for (;;) {
    const claim = await session.claim({ lease_seconds: lease });
    if (claim) {
      await attempt(session, claim, copy, tell);
    } else if (await isDrained(session)) {
      return;
    } else {
      tell({ event: 'idle' });
      await pause(200 + Math.random() * 200);
    }
  }
}

/** A lost lock or claim costs the attempt, not the agent: disposing of the claim gives the task back. */
async function attempt(session: Session, claim: Claim, copy: WorkingCopy, tell: Tell): Promise<void> {
  await using claimed = claim;
  const task = assignment.parse(claimed.task.input).number;
  try {
    tell({ event: 'took', task });
    const commit = await perform(session, claimed, copy, tell);
    await claimed.complete({ commit });
    tell({ event: 'done', task });
  } catch (error) {
    tell({ event: 'setback', message: error instanceof Error ? error.message : String(error) });
  }
}

/** Edits and commits the files of the task while holding them; answers the commit. */
async function perform(session: Session, claim: Claim, copy: WorkingCopy, tell: Tell): Promise<string> {
  const { number: task, edits } = assignment.parse(claim.task.input);
  const paths = edits.map(({ path }) => path);
  const options = { ...patience, reason: claim.task.title };
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
async function isDrained(session: Session): Promise<boolean> {
  const { tasks } = await session.coordinator.getTaskBoard();
  return tasks.ready + tasks.scheduled + tasks.claimed === 0;
}

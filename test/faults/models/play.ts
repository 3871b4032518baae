import type { Stage } from '../stage.ts';
import { type LockDeed, lockPaths } from './locks.ts';
import type { Answer } from './model.ts';
import type { TaskDeed } from './tasks.ts';
import { answerOf, type World } from './world.ts';

/** What fast-check draws: numbers, whose meaning depends on what has happened before. */
export interface Draw {
  kind: string;
  actor: number;
  first: number;
  second: number;
  flag: boolean;
  /** True to happen at the same time as the next one. */
  together: boolean;
}

/** Gives draws their meaning and does what they mean. */
export interface Play<Deed> {
  mean(draw: Draw): Deed;
  perform(deed: Deed): Promise<Answer>;
}

const nothing: Answer = { answer: {} };

export function lockPlay({ actors, project }: World, { sql }: Stage): Play<LockDeed> {
  const tokens: number[] = [];
  const pathOf = (number: number) => lockPaths[number % lockPaths.length] as string;
  return {
    mean({ kind, actor, first, second, flag }) {
      const path = pathOf(first);
      if (kind === 'acquire')
        return { kind, actor, paths: second % 3 === 0 ? [path, pathOf(second)] : [path], shared: flag };
      if (kind === 'release')
        return {
          kind,
          actor,
          path,
          ...(flag && tokens.length ? { token: tokens[second % tokens.length] as number } : {}),
        };
      return kind === 'expire' ? { kind, actor, path } : { kind: kind === 'look' ? 'look' : 'nothing', actor };
    },
    async perform(deed) {
      const coordinator = actors[deed.actor] as World['actors'][number];
      if (deed.kind === 'nothing') return nothing;
      if (deed.kind === 'look') return answerOf(coordinator.checkLocks());
      if (deed.kind === 'release') {
        return answerOf(
          coordinator.releaseLock({ paths: [deed.path], ...(deed.token ? { tokens: [deed.token] } : {}) }),
        );
      }
      if (deed.kind === 'expire') {
        for (const table of ['locks', 'lock_shares']) {
          await sql`
            update ${sql(`coord.${table}`)} set expires_at = clock_timestamp() - interval '3 seconds', acquired_at = clock_timestamp() - interval '9 seconds'
            where path = ${deed.path} and project_id = (select project_id from coord.projects where name = ${project})`;
        }
        return nothing;
      }
      const answer = await answerOf(coordinator.acquireLock({ paths: deed.paths, shared: deed.shared }));
      if ('answer' in answer)
        tokens.push(...((answer.answer.locks ?? []) as { token: number }[]).map(({ token }) => token));
      return answer;
    },
  };
}

export function taskPlay({ actors }: World, { sql }: Stage): Play<TaskDeed> {
  const tasks: string[] = [];
  const claims: { task_id: string; claim_token: number; actor: number }[] = [];
  const mean = ({ kind, actor, first, second, flag }: Draw): TaskDeed => {
    const task_id = tasks[first % tasks.length];
    const claim = claims[first % claims.length];
    if (kind === 'submit') {
      const depends_on = second % 3 === 0 && task_id ? [task_id] : [];
      return { kind, actor, priority: 1 + (second % 3), depends_on, max_attempts: 1 + (first % 3) };
    }
    if (kind === 'claim') return { kind, actor };
    // Mostly by whoever has the claim; now and then by somebody else, or with a token that is not there yet.
    const by = claim && second % 5 > 0 ? claim.actor : actor;
    const grown = second % 7 === 0 ? 1 : 0;
    if (claim && (kind === 'complete' || kind === 'give_back')) {
      return { kind, actor: by, task_id: claim.task_id, claim_token: claim.claim_token + grown, success: flag };
    }
    if (task_id && (kind === 'expire' || kind === 'look')) return { kind, actor, task_id };
    return { kind: 'nothing', actor };
  };
  const perform = async (deed: TaskDeed): Promise<Answer> => {
    const coordinator = actors[deed.actor] as World['actors'][number];
    switch (deed.kind) {
      case 'nothing':
        return nothing;
      case 'look':
        return answerOf(coordinator.getTask({ task_id: deed.task_id }));
      case 'complete':
        return answerOf(
          coordinator.completeWork({ task_id: deed.task_id, claim_token: deed.claim_token, success: deed.success }),
        );
      case 'give_back':
        return answerOf(coordinator.releaseTask({ task_id: deed.task_id, claim_token: deed.claim_token }));
      case 'expire':
        await sql`
          update coord.tasks set claim_expires_at = clock_timestamp() - interval '3 seconds'
          where task_id = ${deed.task_id} and status = 'claimed'`;
        return nothing;
      case 'submit': {
        const { priority, depends_on, max_attempts } = deed;
        const answer = await answerOf(
          coordinator.submitWork({ title: 'modelled', priority, depends_on, max_attempts, retry_seconds: 0 }),
        );
        if ('answer' in answer) tasks.push(String(answer.answer.task_id));
        return answer;
      }
      case 'claim': {
        const answer = await answerOf(coordinator.getWork());
        if ('answer' in answer && answer.answer.claimed) {
          const { task_id } = answer.answer.task as { task_id: string };
          claims.push({ task_id, claim_token: Number(answer.answer.claim_token), actor: deed.actor });
        }
        return answer;
      }
    }
  };
  return { mean, perform };
}

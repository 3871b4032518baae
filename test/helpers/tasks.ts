import type { TestDatabase, TestSession } from './database.ts';

/** A claim as its holder reports it. */
export interface Held {
  task_id: string;
  claim_token: number;
}

/** What a get_work that must find something handed out. */
export async function claimed(session: TestSession, types?: string[]): Promise<Held & { title: string }> {
  const { task, claim_token } = await session.getWork(types ? { types } : {});
  if (!task || claim_token === undefined) throw new Error('There was nothing to claim.');
  return { task_id: task.task_id, claim_token, title: task.title };
}

/** Titles of what the session can claim now, until there is no more. */
export async function titlesFor(session: TestSession): Promise<string[]> {
  const titles: string[] = [];
  for (let { task } = await session.getWork(); task; { task } = await session.getWork()) titles.push(task.title);
  return titles;
}

/** Moves what a waiting task waits for, its delay or its deadline, into the past. */
export async function comeDue({ sql }: TestDatabase, task_id: string): Promise<void> {
  await sql`
    update coord.tasks set due_at = clock_timestamp() - interval '1 second',
      terms.run_after = (terms).run_after - (due_at - clock_timestamp() + interval '1 second'),
      terms.deadline = (terms).deadline - (due_at - clock_timestamp() + interval '1 second')
    where task_id = ${task_id} and due_at > clock_timestamp()`;
}

/** An instant so many seconds from now. */
export const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();

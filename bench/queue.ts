import type { Coordinator } from '@agentcoord/contract';
import { Session } from '@agentcoord/sdk';
import { callerOf, type Field } from './field.ts';
import { maxWorkers } from './ground.ts';
import type { Side } from './measure.ts';

/** Our side of claiming: a claim and its completion; as many tasks are submitted as it uses up. */
export function claimSide(field: Field, capabilities: string[] = []): Side {
  return {
    prepare: (runs) => submit(field, runs, capabilities),
    async run(worker) {
      const coordinator = field.coordinators[worker] as Coordinator;
      await coordinator.completeWork(await claimTask(coordinator));
    },
  };
}

/** The same by workers who claim the next task with the completion of the last: a call a task. */
export function callSide(field: Field): Side {
  const claims = new Map<number, Claim>();
  return {
    prepare: (runs) => submit(field, runs),
    async run(worker) {
      const coordinator = field.coordinators[worker] as Coordinator;
      const claim = claims.get(worker) ?? (await claimTask(coordinator));
      claims.delete(worker);
      const { next } = await coordinator.completeWork({ ...claim, claim_next: true });
      claims.set(worker, claimIn(next));
    },
  };
}

/** The same by the client's own worker, with so many tasks in hand in one session. */
export function workSide(field: Field): Side {
  const session = new Session(callerOf(field.database, 'worker', 2), { beats: false });
  return {
    // What is still in hand when a window has ended is done, too, in the burst before it and in the window itself.
    prepare: (runs) => submit(field, runs + 2 * maxWorkers),
    async drain(runs, workers) {
      const end = new AbortController();
      let left = runs;
      const begun = performance.now();
      await session.work(
        async () => {
          if (--left === 0) end.abort();
          return undefined;
        },
        { concurrency: workers, signal: end.signal },
      );
      return performance.now() - begun;
    },
  };
}

interface Claim {
  task_id: string;
  claim_token: number;
}

async function claimTask(coordinator: Coordinator): Promise<Claim> {
  return claimIn(await coordinator.getWork());
}

function claimIn({ task, claim_token }: Partial<Awaited<ReturnType<Coordinator['getWork']>>> = {}): Claim {
  if (!task || claim_token === undefined) throw new Error('Our queue ran empty.');
  return { task_id: task.task_id, claim_token };
}

/** Submits so many tasks, all in one transaction, because nobody measures this. */
export async function submit({ sql, projectId }: Field, tasks: number, capabilities: string[] = []): Promise<void> {
  const caller = { project_id: projectId, agent: 'submitter', agent_type: 'bench', trust: 2, label: 'submitter' };
  await sql`
    select count(coord.submit_work(${JSON.stringify(caller)}::text::jsonb, 'Task ' || n,
      p_capabilities => string_to_array(nullif(${capabilities.join()}, ''), ',')))
    from generate_series(1, ${tasks}::integer) n`;
}

/**
 * Copies a task so many times, each ranked a little later than the last, the first that much before the task itself.
 * A copy of the row is what submit_work would have left, whatever columns a task has, and takes a tenth of the time.
 */
export async function copyTask(
  { sql, projectId }: Field,
  taskId: string,
  copies: number,
  ahead: string,
): Promise<void> {
  const [row] = await sql<{ columns: string[] }[]>`
    select array_to_json(array_agg(attname::text)) as columns from pg_attribute
    where attrelid = 'coord.tasks'::regclass and attnum > 0 and not attisdropped`;
  const own: Record<string, string> = {
    task_id: 'coord._new_id()',
    rank: `t.rank - $4::interval + n * interval '1 millisecond'`,
  };
  const values = (row?.columns ?? []).map((column) => own[column] ?? `t.${column}`);
  const text = `insert into coord.tasks (${row?.columns}) select ${values} from coord.tasks t, generate_series(1, $3) n
                where t.project_id = $1 and t.task_id = $2`;
  await sql.unsafe(text, [projectId, taskId, copies, ahead]);
}

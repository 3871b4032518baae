import type { Coordinator } from '@agentcoord/contract';
import type postgres from 'postgres';
import type { Ground } from '../ground.ts';
import { type Group, rowsOf } from '../group.ts';
import { race, type Side } from '../measure.ts';

/** Claiming a task and reporting it done, with about as many tasks waiting as one window claims. */
export const claim: Group = {
  name: 'claim',
  async measure(ground, plan) {
    const { sql, settle } = ground;
    const [ours, other] = [ourSide(ground), rawSide(sql)];
    // Never claimed by the windows, so that no worker searches an empty queue.
    for (const side of [ours, other]) await side.prepare(100);
    const series = await race({ settle, ours, other }, plan);
    await sql.unsafe('truncate coord.tasks, coord.task_dependencies, raw.tasks');
    return rowsOf('claim + complete / raw', series, {
      1: { excellent: 0.8, floor: 0.6 },
      8: { excellent: 0.65, floor: 0.5 },
      32: { excellent: 0.65, floor: 0.5 },
    });
  },
};

function ourSide({ sql, coordinators, projectId }: Ground): Required<Side> {
  const caller = { project_id: projectId, agent: 'submitter', agent_type: 'bench', trust: 2, label: 'submitter' };
  return {
    // All in one transaction, because nobody measures this.
    prepare: async (runs) => {
      await sql`select count(coord.submit_work(${JSON.stringify(caller)}::text::jsonb, 'Task ' || n))
                from generate_series(1, ${runs}::integer) n`;
    },
    run: (worker) => claimAndComplete(coordinators[worker] as Coordinator),
  };
}

async function claimAndComplete(coordinator: Coordinator): Promise<void> {
  const { task, claim_token } = await coordinator.getWork();
  if (!task || claim_token === undefined) throw new Error('Our queue ran empty.');
  await coordinator.completeWork({ task_id: task.task_id, claim_token });
}

function rawSide(sql: postgres.Sql): Required<Side> {
  const prepared = { prepare: true };
  return {
    prepare: async (runs) => {
      await sql`select count(raw.submit('Task ' || n)) from generate_series(1, ${runs}::integer) n`;
    },
    async run() {
      const [row] = await sql.unsafe<{ task_id: string; token: string }[]>('select * from raw.claim()', [], prepared);
      if (!row?.task_id) throw new Error('The raw queue ran empty.');
      await sql.unsafe('select raw.complete($1, $2)', [row.task_id, row.token], prepared);
    },
  };
}

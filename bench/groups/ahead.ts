import type { Coordinator } from '@agentcoord/contract';
import type { Field } from '../field.ts';
import type { Ground } from '../ground.ts';
import { type Group, rowsOf, sameFor } from '../group.ts';
import { type Plan, race } from '../measure.ts';
import { claimSide, copyTask } from '../queue.ts';
import type { Row, Target } from '../row.ts';

const ahead = 10_000;

/** Claiming with many tasks ranked ahead whose dependencies are not done, against claiming without them. */
export const blocked: Group = {
  name: 'blocked',
  measure: (ground, plan) =>
    raceAhead(ground, plan, { name: 'blocked', target: { excellent: 0.7, floor: 0.5 }, put: putBlocked }),
};

/** Claiming with many tasks ranked ahead that ask for what the workers cannot do, against claiming without them. */
export const capabilities: Group = {
  name: 'capabilities',
  measure: (ground, plan) =>
    raceAhead(ground, plan, {
      name: 'of other capabilities',
      target: { excellent: 0.8, floor: 0.5 },
      put: (field) => putAhead(field, { title: 'For others', capabilities: ['other'] }),
      worker: ['wanted'],
    }),
};

interface Obstacle {
  name: string;
  target: Target;
  /** What the workers can do, and their tasks ask for. */
  worker?: string[];
  put(field: Field): Promise<unknown>;
}

async function raceAhead(ground: Ground, plan: Plan, { name, target, worker, put }: Obstacle): Promise<Row[]> {
  await using crowded = await ground.openField('crowded');
  await using clear = await ground.openField('clear');
  await put(crowded);
  for (const { coordinators } of worker ? [crowded, clear] : []) {
    await Promise.all(coordinators.map((coordinator) => coordinator.registerSession({ capabilities: worker })));
  }
  const [ours, other] = [claimSide(crowded, worker), claimSide(clear, worker)];
  for (const side of [ours, other]) await side.prepare?.(100);
  const settle = async () => {
    for (const field of [crowded, clear]) await field.settle();
  };
  const series = await race({ settle, ours, other }, plan);
  return rowsOf(`claim + complete, 10,000 ${name} ahead / none`, series, sameFor(target));
}

/** Ten thousand tasks that wait for one which a worker keeps. */
async function putBlocked(field: Field): Promise<void> {
  const [coordinator] = field.coordinators as [Coordinator];
  const { task_id: first } = await coordinator.submitWork({ title: 'Takes long' });
  await coordinator.getWork({ lease_seconds: 28_800 });
  await putAhead(field, { title: 'Waits', depends_on: [first] });
  await field.sql`
    insert into coord.task_dependencies select t.project_id, t.task_id, ${first}::uuid from coord.tasks t
    where t.project_id = ${field.projectId} and t.status = 'blocked' on conflict do nothing`;
}

async function putAhead(field: Field, task: Parameters<Coordinator['submitWork']>[0]): Promise<void> {
  const { task_id } = await (field.coordinators[0] as Coordinator).submitWork(task);
  await copyTask(field, task_id, ahead - 1, '1 day');
}

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

/** Claiming with many tasks of other types ranked ahead, against claiming without them. */
export const types: Group = {
  name: 'types',
  measure: (ground, plan) =>
    raceAhead(ground, plan, {
      name: 'of other types',
      target: { excellent: 0.8, floor: 0.5 },
      types: ['wanted'],
      put: (field) => putAhead(field, { title: 'Of another type', type: 'other' }),
    }),
};

interface Obstacle {
  name: string;
  target: Target;
  /** Which types the workers ask for. */
  types?: string[];
  put(field: Field): Promise<unknown>;
}

async function raceAhead(ground: Ground, plan: Plan, { name, target, types, put }: Obstacle): Promise<Row[]> {
  await using crowded = await ground.openField('crowded');
  await using clear = await ground.openField('clear');
  await put(crowded);
  const [ours, other] = [claimSide(crowded, types), claimSide(clear, types)];
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

import type { Coordinator } from '@agentcoord/contract';
import type { Field } from '../field.ts';
import { type Group, rowsOf, sameFor } from '../group.ts';
import { race } from '../measure.ts';
import { claimSide, copyTask } from '../queue.ts';

/** Claiming from a queue with a million tasks, against one with a hundred beside those that a window claims. */
export const depth: Group = {
  name: 'depth',
  async measure(ground, plan) {
    await using deep = await ground.openField('deep');
    await using shallow = await ground.openField('shallow');
    await fill(deep, 1_000_000);
    await fill(shallow, 100);
    const settle = async () => {
      for (const field of [deep, shallow]) await field.settle();
    };
    const series = await race({ settle, ours: claimSide(deep), other: claimSide(shallow) }, plan);
    return rowsOf('claim + complete, 1,000,000 / 100 waiting', series, sameFor({ excellent: 0.75, floor: 0.5 }));
  },
};

async function fill(field: Field, tasks: number): Promise<void> {
  const { task_id } = await (field.coordinators[0] as Coordinator).submitWork({ title: 'Wait' });
  await copyTask(field, task_id, tasks - 1, '1 hour');
}

import type { Coordinator } from '@agentcoord/contract';
import type { Field } from '../field.ts';
import { copyTask } from '../queue.ts';

/** One task of each kind, and which part of all tasks is like it: a project that has been used for a while. */
interface Sample {
  task_id: string;
  share: number;
}

/** The tasks of a project, and how it comes to have more of them. */
export class Stock {
  readonly #field: Field;
  readonly #samples: readonly Sample[];
  #tasks = 0;

  private constructor(field: Field, samples: readonly Sample[]) {
    this.#field = field;
    this.#samples = samples;
  }

  /** Half of the tasks are ready, two fifths done, the others blocked. */
  static async of(field: Field): Promise<Stock> {
    const [coordinator, other] = field.coordinators as [Coordinator, Coordinator];
    const done = await coordinator.submitWork({ title: 'Done' });
    await finish(coordinator);
    const first = await coordinator.submitWork({ title: 'Takes long' });
    await other.getWork({ lease_seconds: 28_800 });
    const blocked = await coordinator.submitWork({ title: 'Waits', depends_on: [first.task_id] });
    const ready = await coordinator.submitWork({ title: 'Ready' });
    return new Stock(field, [
      { task_id: ready.task_id, share: 0.5 },
      { task_id: done.task_id, share: 0.4 },
      { task_id: blocked.task_id, share: 0.1 },
    ]);
  }

  /** Copies the samples until there are about so many tasks. */
  async growTo(tasks: number): Promise<void> {
    for (const { task_id, share } of this.#samples) {
      await copyTask(this.#field, task_id, Math.round((tasks - this.#tasks) * share), '1 hour');
    }
    await this.#field.sql`
      insert into coord.task_dependencies
      select t.project_id, t.task_id, d.depends_on from coord.tasks t cross join (
        select distinct x.depends_on from coord.task_dependencies x where x.project_id = ${this.#field.projectId}) d
      where t.project_id = ${this.#field.projectId} and t.status = 'blocked' on conflict do nothing`;
    this.#tasks = tasks;
  }
}

async function finish(coordinator: Coordinator): Promise<void> {
  const { task, claim_token } = await coordinator.getWork();
  if (!task || claim_token === undefined) throw new Error('The queue ran empty.');
  await coordinator.completeWork({ task_id: task.task_id, claim_token });
}

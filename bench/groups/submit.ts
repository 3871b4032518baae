import { type Group, rowsOf } from '../group.ts';
import { race } from '../measure.ts';

/** Putting a task into the queue. */
export const submit: Group = {
  name: 'submit',
  async measure({ sql, coordinators, settle }, plan) {
    const title = 'Rename the field in every caller';
    const series = await race(
      {
        settle,
        ours: { run: (worker) => (coordinators[worker] as (typeof coordinators)[number]).submitWork({ title }) },
        other: { run: async () => sql.unsafe('select raw.submit($1)', [title], { prepare: true }) },
      },
      plan,
    );
    await sql.unsafe('truncate coord.tasks, coord.task_dependencies, raw.tasks');
    return rowsOf('submit / raw', series, {
      1: { excellent: 0.8, floor: 0.6 },
      8: { excellent: 0.65, floor: 0.5 },
      32: { excellent: 0.65, floor: 0.5 },
    });
  },
};

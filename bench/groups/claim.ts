import type postgres from 'postgres';
import { type Group, rowsOf } from '../group.ts';
import { race, type Side } from '../measure.ts';
import { claimSide } from '../queue.ts';

/** Claiming a task and reporting it done, with about as many tasks waiting as one window claims. */
export const claim: Group = {
  name: 'claim',
  async measure(ground, plan) {
    const { sql, settle } = ground;
    const [ours, other] = [claimSide(ground), rawSide(sql)];
    // Never claimed by the windows, so that no worker searches an empty queue.
    for (const side of [ours, other]) await side.prepare?.(100);
    const series = await race({ settle, ours, other }, plan);
    await sql.unsafe('truncate coord.tasks, coord.task_dependencies, raw.tasks');
    return rowsOf('claim + complete / raw', series, {
      1: { excellent: 0.8, floor: 0.6 },
      8: { excellent: 0.65, floor: 0.5 },
      32: { excellent: 0.65, floor: 0.5 },
    });
  },
};

function rawSide(sql: postgres.Sql): Side {
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

import type postgres from 'postgres';

/** A row as it stood in the database before or after a change. */
export type Row = Record<string, string | number | null> & { terms?: { run_after?: string | null } | null };

/** One change of a lock or a task, stamped by the database. */
export interface Stamp {
  stamp_id: number;
  /** Milliseconds of the database's clock. */
  at: number;
  of_table: string;
  project_id: number;
  /** The path of a lock, the id of a task. */
  key: string;
  was: Row | null;
  became: Row | null;
  was_live: boolean;
  /** Who did it, from the journal row of the same transaction; null for the sweeper. */
  by: string | null;
  operation: string | null;
}

/** The changes of these tables (locks, lock_shares, tasks) in the order of each row's own history. */
export async function readStamps(sql: postgres.Sql, ...tables: string[]): Promise<Stamp[]> {
  return await sql<Stamp[]>`
    select s.stamp_id::float8, extract(epoch from s.at)::float8 * 1000 as at, s.of_table, s.project_id, s.key, s.was, s.became, s.was_live,
      j.session_id as by, j.operation
    from faults.stamps s
    left join lateral (
      select j.session_id, j.operation from coord.journal j
      where j.project_id = s.project_id and j.xact_id = s.xact_id
      order by j.session_id nulls last limit 1) j on true
    where s.of_table in ${sql(tables)} order by s.stamp_id`;
}

/** Milliseconds of an instant in a row. */
export const instantOf = (value: unknown) =>
  value === null || value === undefined ? Number.NaN : Date.parse(String(value));

/** The history of each row. */
export function byRow(stamps: readonly Stamp[]): Map<string, Stamp[]> {
  return Map.groupBy(stamps, ({ of_table, project_id, key, was, became }) => {
    const holder = of_table === 'lock_shares' ? (became ?? was)?.session_id : '';
    return `${project_id} ${key} ${holder}`;
  });
}

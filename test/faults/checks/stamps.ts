import type postgres from 'postgres';

/** A row as it stood in the database before or after a change. */
export type Row = Record<string, string | number | null>;

/** One change of a lock or a task, stamped by the database. */
export interface Stamp {
  stamp_id: number;
  /** Milliseconds of the database's clock. */
  at: number;
  key: string;
  was: Row | null;
  became: Row | null;
  was_live: boolean;
  /** Who did it, from the journal row of the same transaction; null for the sweeper. */
  by: string | null;
  operation: string | null;
}

/** The changes of one table in the order of each row's own history. */
export async function readStamps(sql: postgres.Sql, table: 'locks' | 'tasks'): Promise<Stamp[]> {
  return await sql<Stamp[]>`
    select s.stamp_id::float8, extract(epoch from s.at)::float8 * 1000 as at, s.key, s.was, s.became, s.was_live,
      j.session_id as by, j.operation
    from faults.stamps s
    left join lateral (
      select j.session_id, j.operation from coord.journal j
      where j.project_id = (coalesce(s.became, s.was) ->> 'project_id')::integer and j.xact_id = s.xact_id
      order by j.session_id nulls last limit 1) j on true
    where s.of_table = ${table} order by s.stamp_id`;
}

/** Milliseconds of an instant in a row. */
export const instantOf = (value: unknown) =>
  value === null || value === undefined ? Number.NaN : Date.parse(String(value));

export function byKey(stamps: readonly Stamp[]): Map<string, Stamp[]> {
  return Map.groupBy(stamps, ({ key }) => key);
}

import type postgres from 'postgres';
import type { Call } from '../history.ts';
import type { Finding } from '../proof.ts';

/** A change of a task and the rows of the journal that tell of it in its transaction, when they are not one. */
interface Mismatch {
  what: string;
  task_id: string;
  operation: string;
  changes: number;
  rows: number;
}

/**
 * A1 for changes: a task that was submitted, claimed or done has exactly one row for that in the same transaction, and
 * no row says so of a task that was not; whatever else became of a task has a row there. One statement, so that it may
 * be asked while the torture goes on.
 */
export async function checkChanges(sql: postgres.Sql): Promise<Finding[]> {
  const found = await sql<Mismatch[]>`
    with changes as materialized (
      select s.project_id, s.xact_id, s.key as task_id, case
        when s.was is null then 'submit_work'
        when s.became ->> 'status' = 'claimed' then 'get_work'
        when s.became ->> 'status' = 'done' then 'complete_work' end as operation
      from faults.stamps s
      where s.of_table = 'tasks' and s.became is not null
        and s.was ->> 'status' is distinct from s.became ->> 'status'),
    told as materialized (
      select j.project_id, j.xact_id, substr(j.resource, 6) as task_id, j.operation from coord.journal j
      where j.outcome = 'ok' and j.resource like 'task:%'
        and (j.operation in ('submit_work', 'get_work')
          or j.operation = 'complete_work' and j.detail ->> 'status' = 'done')),
    counts as (
      select task_id, operation, count(*) filter (where is_change) as changes, count(*) filter (where not is_change) as rows
      from (
        select project_id, xact_id, task_id, operation, true as is_change from changes where operation is not null
        union all
        select project_id, xact_id, task_id, operation, false from told) both_sides
      group by project_id, xact_id, task_id, operation)
    select 'a change and its rows do not match' as what, task_id, operation, changes::integer, rows::integer
    from counts where changes <> 1 or rows <> 1
    union all
    select 'a change without a row in its transaction', c.task_id, '', 1, 0
    from changes c
    where c.operation is null and not exists (
      select from coord.journal j where j.project_id = c.project_id and j.xact_id = c.xact_id)
    limit 20`;
  return found.map(({ what, ...seen }) => ({ promise: 'A1', what, seen }));
}

/** A refused report of a task, as its client saw it. */
const isRefused = ({ operation, outcome, code }: Call) =>
  operation === 'complete_work' && outcome === 'refused' && code === 'conflict';

/**
 * A1 for refusals: a report that was refused, however often it was repeated with its key, is one row; one whose outcome
 * its client does not know may be another. Rows are counted by task, because they do not say the key.
 */
export async function checkRefusals(sql: postgres.Sql, calls: readonly Call[]): Promise<Finding[]> {
  const rows = await sql<{ task_id: string; count: number }[]>`
    select substr(resource, 6) as task_id, count(*)::integer from coord.journal
    where operation = 'complete_work' and outcome = 'conflict' group by resource`;
  const told = new Map(rows.map(({ task_id, count }) => [task_id, count]));
  const keysBy = (wanted: (call: Call) => boolean) =>
    Map.groupBy(calls.filter(wanted), ({ input }) => String(input.task_id));
  const refused = keysBy(isRefused);
  const possible = keysBy(
    (call) => isRefused(call) || (call.operation === 'complete_work' && call.outcome === 'unknown'),
  );
  const distinct = (same: Call[] = []) => new Set(same.map(({ idempotency_key }) => idempotency_key)).size;
  return [...new Set([...told.keys(), ...possible.keys()])].flatMap((task_id) => {
    const count = told.get(task_id) ?? 0;
    const [least, most] = [distinct(refused.get(task_id)), distinct(possible.get(task_id))];
    if (count >= least && count <= most) return [];
    const what = `${least} to ${most} refusals have ${count} rows`;
    return [{ promise: 'A1', what, seen: { task_id, calls: possible.get(task_id) } }];
  });
}

/** A2: all rows are sealed, and none was changed, left out or put in. */
export async function checkSeals(sql: postgres.Sql): Promise<{ findings: Finding[]; rows: number; seals: number }> {
  await sealAll(sql);
  const [found] = await sql<{ rows: number; seals: number; bad: unknown; all: number }[]>`
    select v.rows::integer, v.seals, v.bad, (
      select count(*)::integer from coord.journal j where j.project_id = p.project_id) as all
    from coord.projects p cross join lateral coord._verify_seals(p.project_id, 0, 2147483647) v
    where p.name = 'faults'`;
  if (!found) throw new Error('There is no project.');
  const { rows, seals, bad, all } = found;
  const findings = [
    ...(bad ? [{ promise: 'A2', what: 'the chain of seals is broken though nobody touched it', seen: bad }] : []),
    ...(bad || rows === all ? [] : [{ promise: 'A2', what: `${rows} of ${all} rows are sealed` }]),
  ];
  return { findings, rows, seals };
}

/** Seals until nothing is left; a transaction that is open keeps rows back. */
async function sealAll(sql: postgres.Sql): Promise<void> {
  for (let quiet = 0; quiet < 3; ) {
    const [row] = await sql<{ sealed: number }[]>`
      select (coord.seal_journal(100000) ->> 'sealed_rows')::integer as sealed`;
    quiet = row?.sealed ? 0 : quiet + 1;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

-- Events of a project that come after a cursor and pass the filters, in the order of the journal's key, at most p_limit
-- or what fits into a page; cursor is where to read on, is_more says that this was not all. Of a filter that lets
-- little pass 20,000 rows are looked at, or fewer heavy ones, so that a call stays short.
-- Nothing is ever skipped: only rows below the horizon are read, and what commits late stands above it (see _horizon).
-- The cursor moves over rows of this project alone, so that it tells nothing of others but how much they write.
create function coord._read_events(
  p_project_id integer, p_horizon xid8, p_after text, p_subject text, p_agent text, p_operation text,
  p_task_id uuid, p_session_id uuid, p_limit integer, out events jsonb, out cursor text, out is_more boolean
)
language plpgsql volatile
as $$
declare
  v_after record := coord._position(p_after);
  v_most integer := case when num_nonnulls(p_subject, p_agent, p_operation, p_task_id, p_session_id) = 0
    then p_limit else 20000 end;
begin
  with next as materialized (
    select j.*, sum(coord._journal_weight(j.detail)) over (
      order by j.xact_id, j.entry_id rows between unbounded preceding and 1 preceding) as weight_before
    from coord.journal j
    where j.project_id = p_project_id and (j.xact_id, j.entry_id) > (v_after.xact_id, v_after.entry_id)
      and j.xact_id < p_horizon
    order by j.xact_id, j.entry_id limit v_most
  ), seen as (
    select n.* from next n where coalesce(n.weight_before, 0) < coord._look_bytes()
  ), passed as (
    select s.* from seen s
    where (p_agent is null or s.agent = p_agent) and (p_operation is null or s.operation = p_operation)
      and (p_session_id is null or s.session_id = p_session_id)
      and (p_task_id is null or s.resource = 'task:' || p_task_id)
      and (p_subject is null or exists (
        select from unnest(coord._concerns(s.operation, s.resource, s.detail)) o(subject)
        where starts_with(o.subject, p_subject)))
    order by s.xact_id, s.entry_id limit p_limit
  ), sized as (
    select p.*, sum(coord._row_size(p.detail)) over (order by p.xact_id, p.entry_id rows unbounded preceding) as size
    from passed p
  ), page as (
    select coalesce(json_agg(coord._event(p.xact_id, p.entry_id, p.at, p.session_id, p.agent, p.operation,
      p.outcome, p.resource, p.detail) order by p.xact_id, p.entry_id), '[]')::jsonb as events,
      count(*) = p_limit or count(*) < (select count(*) from passed) as is_full
    from sized p where p.size <= coord._page_bytes()
  )
  select g.events, g.is_full or (select count(*) from seen) = v_most
      or (select count(*) from seen) < (select count(*) from next),
    case when g.is_full then g.events -> -1 ->> 'cursor'
      else coalesce((select s.xact_id || '-' || s.entry_id from seen s order by s.xact_id desc, s.entry_id desc limit 1),
        p_after) end
  into events, is_more, cursor
  from page g;
end
$$;

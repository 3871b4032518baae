-- Rows of a project's journal before a key that pass the filters, newest first, at most p_limit or what fits into a
-- page; before is where to read on, null when there is nothing older. Of a filter that lets little pass 20,000 rows are
-- looked at, so that a call stays short however large the journal is. It walks the key backwards; times become keys by
-- halving (see _xact_at), a minute wider than asked for, because calls that overlap may be in another order.
create function coord._find_entries(
  p_project_id integer, p_before text, p_agent text, p_operation text, p_resource text, p_outcome text,
  p_session_id uuid, p_since timestamptz, p_until timestamptz, p_limit integer, out entries jsonb, out before text
)
language plpgsql stable
as $$
declare
  v_before record := coord._position(coalesce(p_before, '9223372036854775807-0'));
  v_from xid8 := case when p_since is null then '0' else coord._xact_at(p_project_id, p_since - interval '1 minute') end;
  v_to xid8 := case when p_until is null then '9223372036854775807'
    else coord._xact_at(p_project_id, p_until + interval '1 minute') end;
  v_most integer := case when num_nonnulls(p_agent, p_operation, p_resource, p_outcome, p_session_id, p_since, p_until) = 0
    then p_limit else 20000 end;
begin
  with seen as materialized (
    select j.* from coord.journal j
    where j.project_id = p_project_id and (j.xact_id, j.entry_id) < (v_before.xact_id, v_before.entry_id)
      and j.xact_id between v_from and v_to
    order by j.xact_id desc, j.entry_id desc limit v_most
  ), passed as (
    select s.* from seen s
    where (p_agent is null or s.agent = p_agent) and (p_operation is null or s.operation = p_operation)
      and (p_resource is null or s.resource = p_resource) and (p_outcome is null or s.outcome = p_outcome)
      and (p_session_id is null or s.session_id = p_session_id)
      and (p_since is null or s.at >= p_since) and (p_until is null or s.at < p_until)
    order by s.xact_id desc, s.entry_id desc limit p_limit
  ), sized as (
    select p.*,
      sum(coord._row_size(p.detail)) over (order by p.xact_id desc, p.entry_id desc rows unbounded preceding) as size
    from passed p
  ), page as (
    select coalesce(jsonb_agg(jsonb_build_object('cursor', p.xact_id || '-' || p.entry_id, 'happened_at', p.at,
      'duration_ms', greatest(0, least(2147483647, extract(epoch from p.at - p.started_at) * 1000)), 'agent', p.agent,
      'session_id', p.session_id, 'operation', p.operation, 'outcome', p.outcome, 'resource', p.resource,
      'detail', p.detail) order by p.xact_id desc, p.entry_id desc), '[]') as entries,
      count(*) = p_limit or count(*) < (select count(*) from passed) as is_full
    from sized p where p.size <= coord._page_bytes()
  )
  select g.entries, case when g.is_full then g.entries -> -1 ->> 'cursor'
    when (select count(*) from seen) = v_most then (
      select s.xact_id || '-' || s.entry_id from seen s order by s.xact_id, s.entry_id limit 1) end
  into entries, before
  from page g;
end
$$;

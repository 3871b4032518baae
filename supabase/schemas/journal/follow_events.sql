-- Events of several projects, each after its own cursor ({"<project_id>": "<cursor>"}), at most p_limit or a megabyte of each: what
-- a process asks that follows the journal for all its subscribers, who were let in by list_events. Projects with
-- nothing to tell are left out; more: that was not all; delay_seconds: see _event_delay. That nothing is skipped, and p_closely: see _horizon.
-- Planned once: a plan for the limit of each call looks cheaper than it is, because making it takes longer than reading.
create function coord.follow_events(p_cursors jsonb, p_limit integer, p_closely boolean) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
  v_horizon xid8 := coord._horizon(p_closely);
begin
  return (
    select coalesce(json_agg(json_build_object('project_id', w.project_id, 'events', coalesce(f.events, '[]'),
      'more', coalesce(f.more, false), 'delay_seconds', d.seconds))
      filter (where f.events is not null or d.seconds is not null), '[]')
    from (select e.key::integer as project_id, e.value as cursor from jsonb_each_text(p_cursors) e) w
    cross join lateral coord._position(w.cursor) a
    cross join lateral (
      select json_agg(coord._event(e.xact_id, e.entry_id, e.at, e.session_id, e.agent, e.operation,
        e.outcome, e.resource, e.detail) order by e.xact_id, e.entry_id)
          filter (where e.size <= 1000000) as events, bool_or(e.size > 1000000) as more
      from (
        select j.*, sum(coord._entry_size(j.detail)) over place as size
        from coord.journal j
        where j.project_id = w.project_id and (j.xact_id, j.entry_id) > (a.xact_id, a.entry_id)
          and j.xact_id < v_horizon
        window place as (order by j.xact_id, j.entry_id rows unbounded preceding)
        order by j.xact_id, j.entry_id limit p_limit) e) f
    cross join lateral (select coord._event_delay(w.project_id, v_horizon) as seconds) d);
end
$$;

grant execute on function coord.follow_events to coord_app;

-- Events of several projects, each after its own cursor ({"<project_id>": "<cursor>"}), at most p_limit or a page's
-- bytes of each: what a process asks that follows the journal for all its subscribers, who were let in by list_events.
-- Projects with nothing to tell are left out; more: that was not all; delay_seconds: see _event_delay. That nothing is
-- skipped, and p_closely: see _horizon.
-- Planned once: a plan for the limit of each call looks cheaper than it is, because making it takes longer than
-- reading.
create function coord.follow_events(p_cursors jsonb, p_limit integer, p_closely boolean) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
  v_horizon xid8 := coord._horizon(p_closely);
begin
  return (
    select coalesce(json_agg(json_build_object('project_id', w.key::integer, 'events', coalesce(f.events, '[]'),
      'more', f.more, 'delay_seconds', d.seconds))
      filter (where f.events is not null or d.seconds is not null), '[]')
    from jsonb_each_text(p_cursors) w
    cross join lateral coord._next_events(w.key::integer, w.value, v_horizon, p_limit) f
    cross join lateral (select coord._event_delay(w.key::integer, v_horizon) as seconds) d);
end
$$;

grant execute on function coord.follow_events to coord_app;

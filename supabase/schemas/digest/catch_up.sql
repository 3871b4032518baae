-- What happened in the project since the caller's session last looked, what concerns it first, in less than 2 KB; and,
-- unless p_mark is false, that it has looked now.
-- Concurrency: what is told and what is marked as seen is the same snapshot, so what commits meanwhile, or started
-- before and commits later, is told the next time. Of two looks of a session at once, both tell; the mark stands where
-- the later one set it, and nothing below it was told by neither.
create function coord.catch_up(p_caller jsonb, p_mark boolean default true) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'catch_up');
  v_now pg_snapshot := pg_current_snapshot();
  v_look coord.looks;
  v_first xid8;
  v_news jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_look := coord._last_look(v_call);
  v_first := coord._last_entries(v_call.project_id, coalesce(pg_snapshot_xmin(v_look.seen), '0'),
    pg_snapshot_xmax(v_now));
  v_news := jsonb_build_object(
    'news', coord._digest(v_call, array(select n from coord._news(v_call,
      coalesce(v_first, pg_snapshot_xmin(v_look.seen), '0'), v_look.seen, v_now) n)),
    'since', v_look.looked_at, 'truncated', v_first is not null);
  if not p_mark then return coord._leave(v_call, v_news, p_kept => 'null'); end if;
  insert into coord.looks as l (project_id, agent, session_id, seen)
  values (v_call.project_id, v_call.agent, v_call.session_id, v_now)
  on conflict (project_id, agent, session_id) do update set seen = excluded.seen, looked_at = excluded.looked_at
  where pg_snapshot_xmax(l.seen) <= pg_snapshot_xmax(excluded.seen)
    or pg_snapshot_xmax(l.seen) > pg_snapshot_xmax(pg_current_snapshot());
  return coord._leave(v_call, v_news, 'session:' || v_call.session_id);
end
$$;

grant execute on function coord.catch_up to coord_app;

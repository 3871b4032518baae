-- Refuses everything to an agent, its subagents included, from its next call on. Its sessions live on, but their
-- heartbeats renew nothing: what they hold ends by itself. Suspending again changes the reason. Waits for no call of
-- theirs that is under way: those that come after it look at the suspension, at the latest once they are not fresh, in 5 s.
create function coord.suspend_agent(p_caller jsonb, p_agent text, p_reason text default null) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'suspend_agent');
begin
  v_call.answer := coalesce(v_call.answer, coord._refuse_administration(v_call));
  if v_call.answer is not null then return v_call.answer; end if;
  perform coord._lock_profiles(v_call.project_id, false);
  insert into coord.suspensions (project_id, agent, reason, suspended_by)
  values (v_call.project_id, p_agent, p_reason, v_call.agent)
  on conflict (project_id, agent) do update set reason = excluded.reason, suspended_by = excluded.suspended_by;
  return coord._leave(v_call, jsonb_build_object('suspended', true, 'agent', p_agent,
    'changed_sessions', coord._apply_profiles(v_call.project_id, p_skips => true)),
    'agent:' || p_agent, jsonb_strip_nulls(jsonb_build_object('reason', p_reason)));
end
$$;

grant execute on function coord.suspend_agent to coord_app;

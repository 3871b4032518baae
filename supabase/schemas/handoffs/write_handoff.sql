-- Leaves word for whoever works on next. A session may write several; then none is made for it when it ends. Each
-- counts as ten messages, because all are shown it (see _silent_until).
-- Concurrency: the session's row is shared until the commit. An end that comes first leaves nothing to write for; one
-- that comes second waits for this commit, and so its journal is looked at with this handoff there.
create function coord.write_handoff(
  p_caller jsonb, p_summary text, p_completed text[] default null, p_in_progress text[] default null,
  p_decisions text[] default null, p_next_steps text[] default null, p_relevant_files text[] default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'write_handoff');
  v_agent_type text;
  v_handoff_id uuid := coord._new_id();
  v_until timestamptz;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if octet_length(concat(p_summary, p_completed, p_in_progress, p_decisions, p_next_steps, p_relevant_files)) > 32768 then
    return coord._refuse(v_call, 'invalid_input', 'summary: all of the handoff together is longer than 32 KiB',
      'Say what the next session needs; it finds the rest in files and commits.');
  end if;
  select s.agent_type into v_agent_type from coord.sessions s
  where s.project_id = v_call.project_id and s.session_id = v_call.session_id and s.ended_at is null
  for share;
  if not found then return coord._refuse_ended(v_call); end if;
  v_until := coord._silent_until(v_call, 10);
  if v_until is not null then return coord._refuse_silent(v_call, v_until); end if;
  insert into coord.handoffs (project_id, handoff_id, session_id, agent, agent_type, summary, completed, in_progress,
    decisions, next_steps, relevant_files)
  values (v_call.project_id, v_handoff_id, v_call.session_id, v_call.agent, v_agent_type, p_summary,
    coalesce(p_completed, '{}'), coalesce(p_in_progress, '{}'), coalesce(p_decisions, '{}'),
    coalesce(p_next_steps, '{}'), coord._normal_paths(coalesce(p_relevant_files, '{}')));
  return coord._leave(v_call, jsonb_build_object('handoff_id', v_handoff_id), 'handoff:' || v_handoff_id,
    jsonb_build_object('summary', left(p_summary, 200)));
end
$$;

grant execute on function coord.write_handoff to coord_app;

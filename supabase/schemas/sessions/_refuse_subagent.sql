-- Why a session cannot have this subagent: a name that is suspended, more trust than its own, a name that is too long,
-- too many at once, or too many names; null if it can. Those of the whole agent are counted, too, however deep: a key
-- whose sessions are without number could not be revoked in one call.
create function coord._refuse_subagent(p_call coord._call, p_parent coord.sessions, p_name text, p_trust integer)
returns jsonb
language plpgsql volatile
as $$
declare
  v_account text := coord._account(p_call);
begin
  if coord._is_suspended(p_call.project_id, p_parent.agent || '/' || p_name, v_account) then
    return coord._refuse(p_call, 'forbidden', format('The subagent %s/%s is suspended.', p_parent.agent, p_name),
      format('Work without it, and ask an administrator: agentcoord agent resume %s/%s.', p_parent.agent, p_name), '{"reason": "suspended"}');
  elsif p_trust > p_parent.trust then
    return coord._refuse(p_call, 'forbidden', format('This session has trust %s, so its subagents have no more.', p_parent.trust),
      'Ask for less, or leave trust out.', '{"reason": "insufficient_trust_level"}');
  elsif length(p_parent.agent) + 1 + length(p_name) > 128 then
    return coord._refuse(p_call, 'invalid_input', 'name: the names of the agent and its subagent are longer than 128 together',
      'Choose a shorter name, and do not nest subagents deeply.');
  elsif (
    select count(*) from coord.sessions s
    where s.project_id = p_call.project_id and s.parent_session_id = p_call.session_id and s.ended_at is null) >= 50
  then
    return coord._refuse(p_call, 'limit_exceeded', 'A session has 50 subagents at most.',
      'End those that are done: end_session in their name.', '{"reason": "too_many_subagents"}');
  elsif (
    select count(*) from coord.sessions s
    where s.project_id = p_call.project_id and s.ended_at is null
      and (s.agent = v_account or starts_with(s.agent, v_account || '/'))) >= 500
  then
    return coord._refuse(p_call, 'limit_exceeded', 'An agent and its subagents have 500 sessions at most.',
      'End those that are done: end_session in their name.', '{"reason": "too_many_subagents"}');
  elsif not exists (
    select from coord.agents a
    where a.project_id = p_call.project_id and a.agent = p_parent.agent || '/' || p_name)
    and (
      select count(*) >= 1000 or count(*) filter (where starts_with(a.agent, p_parent.agent || '/')) >= 200
      from coord.agents a where a.project_id = p_call.project_id and starts_with(a.agent, v_account || '/'))
  then
    return coord._refuse(p_call, 'limit_exceeded', 'An agent gives 200 names to its subagents, and 1,000 to all below it.',
      'Use one of them again.', '{"reason": "too_many_subagents"}');
  end if;
  return null;
end
$$;

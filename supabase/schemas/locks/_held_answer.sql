-- What acquire_lock answers when something is in the way: the first holder, how many locks there are in the way (some
-- hundred at most: see _blockers), and the place in the queue (1 is next). Kept under 400 bytes: reasons are cut, and times are given to the second.
create function coord._held_answer(
  p_call coord._call, p_paths text[], p_shared boolean, p_waiter_id bigint, p_hint text default null
) returns jsonb
language plpgsql volatile
as $$
declare
  v_answer jsonb;
begin
  with blockers as (
    select b.*, s.agent, s.agent_type
    from coord._blockers(p_call.project_id, p_call.session_id, p_paths, p_shared, p_waiter_id,
      p_limit => 100) b
    left join coord.sessions s on s.project_id = p_call.project_id and s.session_id = b.session_id
  ), holders as (
    select jsonb_build_object('path', b.path, 'agent', b.agent, 'agent_type', b.agent_type,
      'reason', case when length(b.reason) > 60 then left(b.reason, 59) || '…' else b.reason end,
      'since', date_trunc('second', b.since), 'expires_at', b.expires_at) as holder
    from blockers b where b.waiter_id is null order by b.path, b.since
  )
  select jsonb_build_object('acquired', false,
    'blocked_by', coalesce((select jsonb_agg(h.holder) from (select * from holders limit 1) h), '[]'),
    'blocked_count', (select count(*) from holders),
    'position', 1 + (select count(*) from blockers b where b.waiter_id is not null),
    'hint', coalesce(p_hint, case when exists (select from holders)
      then 'Nothing was locked. Do something else first, or wait with wait_seconds.'
      else 'Others who asked before are next. Wait with wait_seconds.' end)) into v_answer;
  return v_answer;
end
$$;

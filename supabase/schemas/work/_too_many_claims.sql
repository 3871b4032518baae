-- Whether the agent, its subagents included, has 2,000 claims already; not looked at before its session has 50. All that
-- are claimed are looked at by whoever cleans up, and moved when the database was down.
create function coord._too_many_claims(p_call coord._call) returns boolean
language plpgsql volatile
as $$
begin
  perform from coord.tasks t
  where t.project_id = p_call.project_id and t.status = 'claimed' and t.claim_session_id = p_call.session_id
  offset 49 limit 1;
  if not found then return false; end if;
  perform from coord.sessions s
  join coord.tasks t on t.project_id = s.project_id and t.status = 'claimed' and t.claim_session_id = s.session_id
  where s.project_id = p_call.project_id and s.ended_at is null
    and coalesce(s.delegated_from, s.agent) = coord._account(p_call)
  offset 1999 limit 1;
  return found;
end
$$;

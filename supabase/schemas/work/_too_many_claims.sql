-- Whether the agent, its subagents included, has 2,000 claims already; its own are counted once the project has as many.
-- All that are claimed are looked at by whoever cleans up, and moved when the database was down.
-- To count costs more than to claim, so one call of fifty does it, and of those that claim p_count at once more of them:
-- an agent may have some hundred claims more.
create function coord._too_many_claims(p_call coord._call, p_count integer) returns boolean
language plpgsql volatile
as $$
begin
  if random() > greatest(20, p_count) / 1000.0 then return false; end if;
  perform from coord.tasks t where t.project_id = p_call.project_id and t.status = 'claimed'
  order by t.status, t.due_at, t.task_id offset 1999 limit 1;
  if not found then return false; end if;
  perform from coord.tasks t
  join coord.sessions s on s.project_id = t.project_id and s.session_id = t.claim_session_id
  where t.project_id = p_call.project_id and t.status = 'claimed'
    and coalesce(s.delegated_from, s.agent) = coord._account(p_call)
  offset 1999 limit 1;
  return found;
end
$$;

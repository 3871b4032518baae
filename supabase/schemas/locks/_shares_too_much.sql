-- Whether the agent would have more than 2,000 shares, one for each path and session, lapsed ones included: all of a
-- path's are looked at by whoever wants it alone, and whoever takes it away tells each of its holders. Few projects
-- have so many at all.
create function coord._shares_too_much(p_call coord._call, p_paths text[]) returns boolean
language plpgsql volatile
as $$
begin
  perform from coord.lock_shares a where a.project_id = p_call.project_id
  offset greatest(2000 - cardinality(p_paths), 0) limit 1;
  if not found then return false; end if;
  return cardinality(p_paths) + (
    select count(*) from coord.lock_shares a
    join coord.sessions s on s.project_id = a.project_id and s.session_id = a.session_id
    where a.project_id = p_call.project_id
      and coalesce(s.delegated_from, s.agent) = coord._account(p_call)
      and not (a.session_id = p_call.session_id and a.path = any (p_paths))) > 2000;
end
$$;

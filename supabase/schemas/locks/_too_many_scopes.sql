-- Whether these paths would give the agent more trees and globs that it holds or waits for than it may have.
-- Each of them is compared with whatever others ask for, globs with globs segment by segment, so nobody may have as many
-- as he likes.
create function coord._too_many_scopes(p_call coord._call, p_paths text[]) returns boolean
language plpgsql volatile
as $$
declare
  v_asked text[] := array(select p.path from unnest(p_paths) p(path) where coord._is_scope(p.path));
begin
  if v_asked = '{}' then return false; end if;
  return coord._are_many_scopes(v_asked || array(
      select distinct h.path from (
        select l.path, l.session_id from coord.lock_scopes c
        join coord.locks l on l.project_id = c.project_id and l.path = c.path
        where c.project_id = p_call.project_id
        union all
        select s.path, s.session_id from coord.lock_scopes c
        join coord.lock_shares s on s.project_id = c.project_id and s.path = c.path
        where c.project_id = p_call.project_id
        union all
        select q.path, w.session_id from coord.lock_waiters w, unnest(w.paths) q(path)
        where w.project_id = p_call.project_id and coord._is_scope(q.path)
      ) h
      join coord.sessions s on s.project_id = p_call.project_id and s.session_id = h.session_id
      where coalesce(s.delegated_from, s.agent) = coord._account(p_call) and h.path <> all (v_asked)));
end
$$;

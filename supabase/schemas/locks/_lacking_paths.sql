-- Which of the paths a session does not have yet in the mode it asks for: neither as such nor in a tree or a glob that
-- it holds. Only these can be in somebody's way, and only for these it has to queue.
create function coord._lacking_paths(p_project_id integer, p_session_id uuid, p_paths text[], p_shared boolean)
returns text[]
language plpgsql volatile
as $$
declare
  v_places text[] := p_paths || array(select c.path from coord.lock_scopes c where c.project_id = p_project_id);
  v_mine text[] := array(
    select l.path from coord.locks l
    where l.project_id = p_project_id and l.path = any (v_places) and l.session_id = p_session_id
      and l.expires_at > clock_timestamp()
    union all
    select s.path from coord.lock_shares s
    where p_shared and s.project_id = p_project_id and s.path = any (v_places) and s.session_id = p_session_id
      and s.expires_at > clock_timestamp());
begin
  if v_mine = '{}' then return p_paths; end if;
  return array(
    select p.path from unnest(p_paths) p(path)
    where p.path <> all (v_mine)
      and not exists (select from unnest(v_mine) m(path) where coord._is_scope(m.path) and coord._covers(m.path, p.path)));
end
$$;

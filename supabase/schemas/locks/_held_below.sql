-- Some of the locks that somebody else certainly holds alone below these trees and globs, p_limit at most. Reads no more
-- than that, so that who asks in vain for a tree with thousands of locks in it does not keep others from theirs.
create function coord._held_below(p_project_id integer, p_session_id uuid, p_paths text[], p_limit integer)
returns text[]
language plpgsql stable
as $$
begin
  return array(
    select l.path from coord._scope_ranges(p_paths) r cross join lateral (
      select o.path from coord.locks o
      join coord.sessions s on s.project_id = p_project_id and s.session_id = o.session_id
      where o.project_id = p_project_id and o.path >= r.prefix and o.path < r.prefix || chr(1114111)
        and o.session_id <> p_session_id and o.expires_at > clock_timestamp()
        and (r.regex is null or o.path ~ r.regex) and o.path !~ '^(resource|label):'
        and coord._holds(s.ended_at, s.lease_expires_at)
      limit p_limit) l
    limit p_limit);
end
$$;

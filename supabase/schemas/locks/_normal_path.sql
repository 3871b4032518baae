-- The one form of a repository-relative path; see _lexical_path. Nearly all paths are in it already: printable ASCII,
-- no empty or dotted segment, nothing special. For them this is one expression, which the planner writes into the
-- caller: so no `set search_path` here. The length is not part of the pattern: matching `.{255}` costs more than all
-- the rest of a call.
create function coord._normal_path(p_path text) returns text
language sql immutable parallel safe
as $$
  select case when p_path ~ '(^|/)\.{0,2}(/|$)|[^ -~]|[\\*?:{}]' or octet_length(p_path) > 1024
    then coord._lexical_path(p_path) else p_path end;
$$;

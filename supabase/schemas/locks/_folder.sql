-- The folder that a path is in: a tree is in itself, a glob in the folder before its first wildcard, a name in none.
create function coord._folder(p_path text) returns text
language sql immutable parallel safe
as $$
  select case when p_path ~ '^(resource|label):' then p_path else regexp_replace(p_path, '[^/]*([*?].*)?$', '') end;
$$;

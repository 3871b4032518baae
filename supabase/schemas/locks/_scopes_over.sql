-- Trees and globs that may be held and overlap any of the paths.
create function coord._scopes_over(p_project_id integer, p_paths text[]) returns text[]
language plpgsql volatile
as $$
begin
  return array(
    select c.path from coord.lock_scopes c
    where c.project_id = p_project_id and (
      exists (
        select from unnest(p_paths) p(path)
        where starts_with(p.path, c.prefix) and p.path ~ c.regex and p.path !~ '^(resource|label):|[*?]|/$')
      or exists (
        select from unnest(p_paths) p(path) where coord._is_scope(p.path) and coord._overlaps(c.path, p.path))));
end
$$;

-- Whether these are more trees and globs than one agent may have, or one task may name: 50, of which 10 are globs.
create function coord._are_many_scopes(p_paths text[]) returns boolean
language plpgsql immutable parallel safe
as $$
begin
  return (
    select count(*) > 50 or count(*) filter (where coord._is_glob(p.path)) > 10
    from unnest(p_paths) p(path) where coord._is_scope(p.path));
end
$$;

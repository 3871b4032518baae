-- Whether a tree or a glob contains the whole of another path, so that who holds it needs nothing more. May say no of a
-- glob that does.
create function coord._covers(p_scope text, p_path text) returns boolean
language plpgsql immutable parallel safe
as $$
begin
  return case when coord._is_scope(p_path) then
    (p_scope = './' or (p_scope ~ '/$' and starts_with(p_path, p_scope)))
    else coord._overlaps(p_scope, p_path) end;
end
$$;

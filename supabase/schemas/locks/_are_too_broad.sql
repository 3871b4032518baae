-- Whether some of these paths, in normal form, reach further than the caller may lock.
create function coord._are_too_broad(p_call coord._call, p_paths text[]) returns boolean
language plpgsql volatile
as $$
begin
  if not exists (select from unnest(p_paths) p(path) where coord._is_broad(p.path)) then return false; end if;
  return coord._trust(p_call) < 3;
end
$$;

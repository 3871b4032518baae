-- The newest seal of a project; before the first one, one of no rows (see _seal_at).
create function coord._last_seal(p_project_id integer) returns coord.seals
language plpgsql stable
as $$
declare
  v_seal coord.seals;
begin
  select s.* into v_seal from coord.seals s where s.project_id = p_project_id order by s.seal_number desc limit 1;
  if found then return v_seal; end if;
  return coord._seal_at(p_project_id, 0);
end
$$;

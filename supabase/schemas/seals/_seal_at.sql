-- The seal of that number; number 0, and one that is not there, is one of no rows whose hash is 32 zero bytes.
create function coord._seal_at(p_project_id integer, p_seal_number integer) returns coord.seals
language plpgsql stable
as $$
declare
  v_seal coord.seals;
begin
  select s.* into v_seal from coord.seals s where s.project_id = p_project_id and s.seal_number = p_seal_number;
  if found then return v_seal; end if;
  return row(p_project_id, 0, '0', 0, '0', 0, 0, 0, null, null, null, decode(repeat('00', 32), 'hex'))::coord.seals;
end
$$;

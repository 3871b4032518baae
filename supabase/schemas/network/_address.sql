-- The address that a text is, with p_masked a network too; null for anything else. Only the notation that Postgres
-- itself prints for IPv4: shortened, octal and hexadecimal ones are names to nobody here.
create function coord._address(p_text text, p_masked boolean default false) returns inet
language plpgsql immutable
as $$
declare
  v_address inet;
begin
  if p_text !~ '^[0-9a-f:.]+(/[0-9]{1,3})?$' or (p_text ~ '/' and not p_masked)
    or (p_text !~ ':' and p_text !~ '^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+(/|$)') then
    return null;
  end if;
  v_address := p_text::inet;
  if family(v_address) = 4 and host(v_address) <> split_part(p_text, '/', 1) then return null; end if;
  -- 10.1.2.3/8 is a slip: whoever wrote it meant one or the other.
  return case when v_address = network(v_address)::inet then v_address end;
exception when invalid_text_representation then
  return null;
end
$$;

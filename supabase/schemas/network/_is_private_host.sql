-- Whether a host is on this machine or in a private network, as far as its text says.
create function coord._is_private_host(p_host text, p_address inet) returns boolean
language plpgsql immutable
as $$
begin
  if p_address is null then return p_host ~ '(^|\.)(localhost|local|localdomain|internal|home\.arpa)$'; end if;
  return p_address <<= any (coord._private_networks());
end
$$;

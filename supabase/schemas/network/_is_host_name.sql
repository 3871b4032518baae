-- Whether a text is the name of a host in its one form: lower case, no trailing dot, labels of 1 to 63 letters, digits,
-- - and _, the last one no number, because clients read that as an address.
create function coord._is_host_name(p_text text) returns boolean
language sql immutable parallel safe
as $$
  select length(p_text) between 1 and 253
    and p_text ~ '^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$'
    and p_text !~ '(^|\.)([0-9]+|0x[0-9a-f]*)$';
$$;

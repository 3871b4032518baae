-- The id in a journal row's resource (task:<id>) if it is of that kind; null for anything else, whatever it looks like.
create function coord._resource_id(p_resource text, p_kind text) returns uuid
language sql immutable
as $$
  select case when p_resource ~ '^[a-z]+:[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' and split_part(p_resource, ':', 1) = p_kind
    then split_part(p_resource, ':', 2)::uuid end;
$$;

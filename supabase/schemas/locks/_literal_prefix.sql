-- What all files of a path begin with; nothing for the whole repository.
create function coord._literal_prefix(p_path text) returns text
language sql immutable parallel safe
as $$ select case when p_path = './' then '' else substring(p_path from '^[^*?]*') end $$;

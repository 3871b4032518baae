-- Whether a path in normal form has wildcards.
create function coord._is_glob(p_path text) returns boolean
language sql immutable parallel safe
as $$ select p_path ~ '[*?]' $$;

-- Whether a path in normal form is a tree or a glob.
create function coord._is_scope(p_path text) returns boolean
language sql immutable parallel safe
as $$ select p_path ~ '[*?]|/$' $$;

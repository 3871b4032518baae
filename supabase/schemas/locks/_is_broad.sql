-- Whether a path in normal form may reach into every folder of the repository, for which trust 3 is needed.
create function coord._is_broad(p_path text) returns boolean
language sql immutable parallel safe
as $$ select p_path ~ '^[^/]*[*?]' or p_path = './' $$;

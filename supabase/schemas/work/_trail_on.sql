-- A task's trail with this transaction, and no longer than a hundred: for changes of which a task may see any number.
create function coord._trail_on(p_trail xid8[]) returns xid8[]
language sql volatile
as $$ select (p_trail || pg_current_xact_id())[greatest(1, cardinality(p_trail) - 98):] $$;

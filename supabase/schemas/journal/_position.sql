-- A cursor as the key of the journal it stands for. Cursors are texts, because doubles cannot hold them.
create function coord._position(p_cursor text, out xact_id xid8, out entry_id bigint)
language sql immutable
as $$ select split_part(p_cursor, '-', 1)::xid8, split_part(p_cursor, '-', 2)::bigint $$;

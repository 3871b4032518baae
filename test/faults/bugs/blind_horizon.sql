-- Readers of events take what they see for complete: what commits late is skipped.
create or replace function coord._horizon(p_closely boolean) returns xid8
language sql volatile as $$ select pg_snapshot_xmax(pg_current_snapshot()) $$;

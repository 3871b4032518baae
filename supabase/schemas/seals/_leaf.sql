-- What a seal knows of a journal row: its key and its hash, 48 bytes.
create function coord._leaf(p_entry coord.journal) returns bytea
language sql stable
as $$
  select xid8send(p_entry.xact_id) || int8send(p_entry.entry_id) || sha256(coord._canonical_entry(p_entry));
$$;

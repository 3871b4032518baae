-- The hash of a seal: over the hash of the seal before it and all that this one says. All parts have a fixed length.
create function coord._seal_hash(p_seal coord.seals) returns bytea
language sql immutable
as $$
  select sha256('agentcoord-seal-1'::bytea || p_seal.previous_hash || int8send(p_seal.project_id)
    || int8send(p_seal.seal_number) || xid8send(p_seal.first_xact_id) || int8send(p_seal.first_entry_id)
    || xid8send(p_seal.last_xact_id) || int8send(p_seal.last_entry_id) || int8send(p_seal.row_count)
    || int8send(p_seal.total_rows) || timestamptz_send(p_seal.sealed_at) || p_seal.rows_hash);
$$;

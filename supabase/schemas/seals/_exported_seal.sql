-- A seal as it is exported: all that its hash is over, and its leaves.
create function coord._exported_seal(p_seal coord.seals) returns jsonb
language sql stable
as $$
  select jsonb_build_object('seal_number', p_seal.seal_number,
    'first_cursor', p_seal.first_xact_id || '-' || p_seal.first_entry_id,
    'last_cursor', p_seal.last_xact_id || '-' || p_seal.last_entry_id,
    'row_count', p_seal.row_count, 'total_rows', p_seal.total_rows, 'sealed_at', p_seal.sealed_at,
    'rows_hash', encode(p_seal.rows_hash, 'hex'), 'previous_hash', encode(p_seal.previous_hash, 'hex'),
    'seal_hash', encode(p_seal.seal_hash, 'hex'), 'leaves', (
      select replace(encode(l.leaves, 'base64'), E'\n', '') from coord.seal_leaves l
      where l.project_id = p_seal.project_id and l.seal_number = p_seal.seal_number));
$$;

-- Null when a seal follows the one before it, has the hash of what it says, and its rows are those that were sealed;
-- else where it is not so. Rows of an exported segment are gone (p_is_dropped): then none may be there.
-- A seal that was written anew, hash and all, shows in the next one, which keeps the hash of the one before.
create function coord._check_seal(p_previous coord.seals, p_seal coord.seals, p_is_dropped boolean) returns jsonb
language plpgsql stable
as $$
declare
  v_rows record;
begin
  if p_seal.seal_number <> p_previous.seal_number + 1 then
    return coord._bad_row('seal_missing', p_previous.seal_number + 1, p_previous.last_xact_id, p_previous.last_entry_id);
  elsif p_seal.seal_hash <> coord._seal_hash(p_seal)
    or (p_seal.first_xact_id, p_seal.first_entry_id) <= (p_previous.last_xact_id, p_previous.last_entry_id)
    or (p_seal.first_xact_id, p_seal.first_entry_id) > (p_seal.last_xact_id, p_seal.last_entry_id)
    or p_seal.row_count < 1 or p_seal.total_rows <> p_previous.total_rows + p_seal.row_count
  then
    return coord._bad_row('seal_changed', p_seal.seal_number, p_seal.first_xact_id, p_seal.first_entry_id);
  elsif p_seal.previous_hash <> p_previous.seal_hash then
    return coord._bad_row('seal_changed', p_previous.seal_number, p_previous.first_xact_id, p_previous.first_entry_id);
  end if;
  v_rows := coord._rows_hash(p_seal.project_id, p_previous.last_xact_id, p_previous.last_entry_id,
    p_seal.last_xact_id, p_seal.last_entry_id, p_seal.row_count + 1);
  if p_is_dropped and v_rows.row_count = 0
    or v_rows.row_count = p_seal.row_count and v_rows.rows_hash = p_seal.rows_hash
  then
    return null;
  end if;
  return coord._find_bad_row(p_seal, p_previous.last_xact_id, p_previous.last_entry_id, p_is_dropped);
end
$$;

-- The first row of a seal that is not as it was when it was sealed, by comparing the rows with the seal's leaves: the
-- cursor of a row that was changed, is missing or was added. Where the leaves themselves are not what the seal has
-- hashed, nothing can be told but that it is one of the seal's rows, and its first one is named. Of a seal whose rows
-- were dropped every row is one that was added.
create function coord._find_bad_row(
  p_seal coord.seals, p_after_xact_id xid8, p_after_entry_id bigint, p_is_dropped boolean
) returns jsonb
language plpgsql stable
as $$
declare
  v_leaves bytea;
  v_row record;
begin
  select l.leaves into v_leaves from coord.seal_leaves l
  where l.project_id = p_seal.project_id and l.seal_number = p_seal.seal_number;
  if p_is_dropped then v_leaves := ''; end if;
  if not p_is_dropped and sha256(v_leaves) is distinct from p_seal.rows_hash then
    return coord._bad_row('leaves', p_seal.seal_number, p_seal.first_xact_id, p_seal.first_entry_id);
  end if;
  select coalesce(f.xact_id, s.xact_id) as xact_id, coalesce(f.entry_id, s.entry_id) as entry_id,
    case when f.leaf is null then 'missing' when s.leaf is null then 'added' else 'changed' end as problem
  into v_row
  from (
    select j.xact_id, j.entry_id, coord._leaf(j) as leaf from coord.journal j
    where j.project_id = p_seal.project_id and (j.xact_id, j.entry_id) > (p_after_xact_id, p_after_entry_id)
      and (j.xact_id, j.entry_id) <= (p_seal.last_xact_id, p_seal.last_entry_id)
    order by j.xact_id, j.entry_id limit length(v_leaves) / 48 + 1) f
  full join (
    select coord._integer_of(substr(v_leaves, i, 8))::text::xid8 as xact_id,
      coord._integer_of(substr(v_leaves, i + 8, 8)) as entry_id, substr(v_leaves, i, 48) as leaf
    from generate_series(1, length(v_leaves), 48) i) s on s.xact_id = f.xact_id and s.entry_id = f.entry_id
  where f.leaf is distinct from s.leaf
  order by 1, 2 limit 1;
  if not found then return null; end if;
  return coord._bad_row(v_row.problem, p_seal.seal_number, v_row.xact_id, v_row.entry_id);
end
$$;

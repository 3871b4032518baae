-- Seals the next rows of a project's journal below the horizon, 1,000 at most, or fewer heavy ones, and says how many
-- there were.
-- Nothing is ever left out: below the horizon no row will come any more (see _horizon). The transaction gets its id
-- only with the insert at the end, so readers of events do not wait for the hashing.
-- Concurrency: seal_journal lets one at a time; the key lets one seal have a number.
create function coord._seal_rows(p_project_id integer, p_horizon xid8) returns integer
language plpgsql volatile
as $$
declare
  v_last coord.seals := coord._last_seal(p_project_id);
  v_seal coord.seals := v_last;
  v_leaves bytea;
begin
  select count(*), string_agg(r.leaf, ''), (array_agg(r.xact_id))[1], (array_agg(r.entry_id))[1],
    (array_agg(r.xact_id))[count(*)], (array_agg(r.entry_id))[count(*)]
  into v_seal.row_count, v_leaves, v_seal.first_xact_id, v_seal.first_entry_id, v_seal.last_xact_id, v_seal.last_entry_id
  from (
    select n.xact_id, n.entry_id, coord._leaf(n.entry) as leaf
    from (
      select j as entry, j.xact_id, j.entry_id, sum(coord._journal_weight(j.detail)) over (
        order by j.xact_id, j.entry_id rows between unbounded preceding and 1 preceding) as weight_before
      from coord.journal j
      where j.project_id = p_project_id and j.xact_id < p_horizon
        and (j.xact_id, j.entry_id) > (v_last.last_xact_id, v_last.last_entry_id)
      order by j.xact_id, j.entry_id limit 1000) n
    where coalesce(n.weight_before, 0) < coord._look_bytes()
    order by n.xact_id, n.entry_id) r;
  if v_seal.row_count = 0 then return 0; end if;
  v_seal.seal_number := v_last.seal_number + 1;
  v_seal.total_rows := v_last.total_rows + v_seal.row_count;
  v_seal.sealed_at := clock_timestamp();
  v_seal.rows_hash := sha256(v_leaves);
  v_seal.previous_hash := v_last.seal_hash;
  v_seal.seal_hash := coord._seal_hash(v_seal);
  insert into coord.seals values (v_seal.*);
  insert into coord.seal_leaves (project_id, seal_number, leaves) values (p_project_id, v_seal.seal_number, v_leaves);
  return v_seal.row_count;
end
$$;

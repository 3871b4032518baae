-- How many rows a project's journal has after one key, up to another, and the hash over their leaves: what a seal says
-- of them. Reads at most p_most, so that rows somebody has put there do not make it long.
create function coord._rows_hash(
  p_project_id integer, p_after_xact_id xid8, p_after_entry_id bigint, p_last_xact_id xid8, p_last_entry_id bigint,
  p_most integer, out row_count integer, out rows_hash bytea
)
language sql stable
as $$
  select count(*), sha256(coalesce(string_agg(r.leaf, ''), ''))
  from (
    select coord._leaf(j) as leaf from coord.journal j
    where j.project_id = p_project_id and (j.xact_id, j.entry_id) > (p_after_xact_id, p_after_entry_id)
      and (j.xact_id, j.entry_id) <= (p_last_xact_id, p_last_entry_id)
    order by j.xact_id, j.entry_id limit p_most) r;
$$;

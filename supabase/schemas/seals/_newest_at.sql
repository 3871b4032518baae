-- The time of the newest row of a seal; of a seal without rows, that of the seal.
create function coord._newest_at(p_seal coord.seals, p_previous coord.seals) returns timestamptz
language sql stable
as $$
  select coalesce(max(r.at), p_seal.sealed_at) from (
    select j.at from coord.journal j
    where j.project_id = p_seal.project_id
      and (j.xact_id, j.entry_id) > (p_previous.last_xact_id, p_previous.last_entry_id)
      and (j.xact_id, j.entry_id) <= (p_seal.last_xact_id, p_seal.last_entry_id)
    order by j.xact_id, j.entry_id) r;
$$;

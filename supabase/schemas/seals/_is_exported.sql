-- Whether a journal row lies in a segment that was exported.
create function coord._is_exported(p_project_id integer, p_xact_id xid8, p_entry_id bigint) returns boolean
language sql stable
as $$
  select exists (
    select from coord.segments g
    where g.project_id = p_project_id and g.last_seal = coord._dropped_through(p_project_id)
      and (p_xact_id, p_entry_id) <= (g.last_xact_id, g.last_entry_id));
$$;

-- The next events of a project after a cursor and below the horizon, at most p_limit, or as many as fit into a page;
-- null when there are none. more: not all of those that p_limit would have let pass.
-- Nearly always all details are small: only when one is not, the rows are measured, and read once more.
create function coord._next_events(
  p_project_id integer, p_cursor text, p_horizon xid8, p_limit integer, out events json, out more boolean
)
language plpgsql volatile
as $$
declare
  v_after record := coord._position(p_cursor);
  v_limit integer := p_limit;
  v_fits boolean := false;
begin
  loop
    select json_agg(coord._event(e.xact_id, e.entry_id, e.at, e.session_id, e.agent, e.operation, e.outcome, e.resource,
        e.detail) order by e.xact_id, e.entry_id) filter (where v_fits or coord._is_small(e.detail)),
      v_fits or coalesce(bool_and(coord._is_small(e.detail)), true)
    into events, v_fits
    from (
      select j.* from coord.journal j
      where j.project_id = p_project_id and (j.xact_id, j.entry_id) > (v_after.xact_id, v_after.entry_id)
        and j.xact_id < p_horizon
      order by j.xact_id, j.entry_id limit v_limit) e;
    exit when v_fits;
    select count(*), true into v_limit, v_fits
    from (
      select sum(coord._row_size(j.detail)) over (order by j.xact_id, j.entry_id rows unbounded preceding) as size
      from coord.journal j
      where j.project_id = p_project_id and (j.xact_id, j.entry_id) > (v_after.xact_id, v_after.entry_id)
        and j.xact_id < p_horizon
      order by j.xact_id, j.entry_id limit p_limit) s
    where s.size <= coord._page_bytes();
  end loop;
  more := v_limit < p_limit;
end
$$;

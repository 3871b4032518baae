-- Refuses a cursor from which nothing can be read on without a gap: one that lies before the floor, and one that this
-- database has not given to anybody, because it lies in the future. Null for every other.
create function coord._refuse_cursor(p_call coord._call, p_after text, p_floor text, p_horizon xid8) returns jsonb
language plpgsql volatile
as $$
declare
  v_after record := coord._position(p_after);
  v_floor record := coord._position(p_floor);
begin
  if (v_after.xact_id, v_after.entry_id) < (v_floor.xact_id, v_floor.entry_id) and p_after <> '0-0' then
    return coord._refuse(p_call, 'not_found', 'after: events that follow this cursor are no longer kept (30 days).',
      format('Look at the present state, and read on from %s, the oldest cursor there is.', p_floor),
      jsonb_build_object('reason', 'cursor_expired', 'oldest_cursor', p_floor));
  elsif v_after.xact_id >= p_horizon then
    return coord._refuse(p_call, 'invalid_input', 'after: this cursor was not given out by this database.',
      'Look at the present state, and begin anew: after "now".', '{"reason": "cursor_unknown"}');
  end if;
  return null;
end
$$;

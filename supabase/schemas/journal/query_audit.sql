-- Who did what to what, when, with which outcome, and how long it took: rows of the journal, newest first, in pages.
-- Whoever may read the project may ask; it shows what list_events does. What commits while somebody pages may stand
-- above where he began; who must miss nothing follows events.
create function coord.query_audit(
  p_caller jsonb, p_agent text default null, p_operation text default null, p_resource text default null,
  p_outcome text default null, p_session_id uuid default null, p_since timestamptz default null,
  p_until timestamptz default null, p_before text default null, p_limit integer default 50
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set jit = off
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'query_audit');
  v_page record;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_page := coord._find_entries(v_call.project_id, p_before, p_agent, p_operation, p_resource, p_outcome, p_session_id,
    p_since, p_until, p_limit);
  return coord._leave(v_call, jsonb_build_object('entries', v_page.entries, 'before', v_page.before));
end
$$;

grant execute on function coord.query_audit to coord_app;

-- Keeps the session and its claims alive. Commits without waiting for the disk, unless it is journalled: a heartbeat
-- lost in a crash of the database is one of four, but what a reader of events has seen must not be lost. Journalled
-- only when it says something new.
-- Concurrency: see _touch_session and _renew_claims: what has lapsed stays lapsed.
create function coord.heartbeat(
  p_caller jsonb, p_working_on text default null, p_automatic boolean default false
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'heartbeat', false);
  v_renews boolean;
  v_renewed integer;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_renews := coord._touch_session(v_call.project_id, v_call.session_id, not p_automatic);
  if v_renews is null then return coord._refuse_ended(v_call); end if;
  if p_working_on is null then perform set_config('synchronous_commit', 'off', true); end if;
  update coord.sessions s set working_on = p_working_on
  where p_working_on is not null and s.project_id = v_call.project_id and s.session_id = v_call.session_id;
  if v_renews then perform coord._renew_claims(v_call.project_id, v_call.session_id, 0, p_waits => true); end if;
  select count(*) into v_renewed from coord.tasks t
  where t.project_id = v_call.project_id and t.status = 'claimed' and t.claim_session_id = v_call.session_id
    and t.claim_expires_at > clock_timestamp() + make_interval(secs => t.lease_seconds / 2.0);
  return coord._leave(v_call,
    jsonb_build_object('session_id', v_call.session_id, 'renewed_claims', v_renewed,
      'lease_expires_at', (select nullif(s.lease_expires_at, 'infinity') from coord.sessions s
        where s.project_id = v_call.project_id and s.session_id = v_call.session_id)),
    case when p_working_on is not null then 'session:' || v_call.session_id end);
end
$$;

grant execute on function coord.heartbeat to coord_app;

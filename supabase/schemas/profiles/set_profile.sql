-- Makes a profile, or replaces the one of that name as a whole; living sessions have it at once. See _apply_profiles.
create function coord.set_profile(
  p_caller jsonb, p_profile text, p_trust integer, p_description text default null,
  p_allowed_operations text[] default null, p_blocked_operations text[] default null,
  p_calls_per_hour integer default null, p_max_locks integer default null, p_max_files integer default null,
  p_session_seconds integer default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'set_profile');
  v_replaced boolean;
  v_profile jsonb;
begin
  v_call.answer := coalesce(v_call.answer, coord._refuse_administration(v_call));
  if v_call.answer is not null then return v_call.answer; end if;
  perform coord._refuse_words('allowed_operations', p_allowed_operations);
  perform coord._refuse_words('blocked_operations', p_blocked_operations);
  perform coord._lock_profiles(v_call.project_id, false);
  v_replaced := exists (
    select from coord.profiles p where p.project_id = v_call.project_id and p.profile = p_profile);
  insert into coord.profiles as p (project_id, profile, description, trust, allowed_operations, blocked_operations,
    calls_per_hour, max_locks, max_files, session_seconds, set_by)
  values (v_call.project_id, p_profile, p_description, p_trust, p_allowed_operations, p_blocked_operations,
    p_calls_per_hour, p_max_locks, p_max_files, p_session_seconds, v_call.agent)
  on conflict (project_id, profile) do update set description = excluded.description, trust = excluded.trust,
    allowed_operations = excluded.allowed_operations, blocked_operations = excluded.blocked_operations,
    calls_per_hour = excluded.calls_per_hour, max_locks = excluded.max_locks, max_files = excluded.max_files,
    session_seconds = excluded.session_seconds, set_by = excluded.set_by, set_at = clock_timestamp()
  returning to_jsonb(p) - '{project_id,set_by,set_at}'::text[] into v_profile;
  return coord._leave(v_call, jsonb_build_object('profile', p_profile, 'replaced', v_replaced,
    'changed_sessions', coord._apply_profiles(v_call.project_id)), 'profile:' || p_profile, jsonb_strip_nulls(v_profile));
end
$$;

grant execute on function coord.set_profile to coord_app;

-- Stores a policy, or replaces the one of that name, in the next version of the set. Core has read and validated it and
-- says so in p_computed: {"problems": […], "seen": the version that it has read, "locks_out": true when the caller
-- could not take it back, "engine"}. For all projects only on the machine itself: a key administers its own project
-- alone.
-- Concurrency: see _store_policies; what was validated is what is stored, or nothing is.
create function coord.set_cedar_policy(
  p_caller jsonb, p_policy text, p_policy_text text, p_all_projects boolean default false, p_computed jsonb default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'set_cedar_policy');
  v_project_id integer := case when p_all_projects then 0 else v_call.project_id end;
  v_seen integer := (p_computed ->> 'seen')::integer;
  v_policies jsonb := (coord._current_policies(v_project_id)).policies;
  v_refusal jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_refusal := coord._refuse_policies(v_call, p_caller, p_all_projects, p_computed);
  if v_refusal is not null then return v_refusal; end if;
  return coord._leave_policies(v_call, p_all_projects, v_seen,
    v_policies || jsonb_build_object(p_policy, p_policy_text), 'set ' || p_policy,
    jsonb_build_object('policy', p_policy, 'replaced', v_policies ? p_policy)
      || case when p_computed ->> 'engine' = 'native' then coord._unasked_policies() else '{}' end);
end
$$;

grant execute on function coord.set_cedar_policy to coord_app;

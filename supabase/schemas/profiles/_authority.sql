-- What a session may do: the least of what its credential and its profile give. p_account is the agent itself, or for a
-- subagent the agent on whose behalf it works: profile and limits are those of the account. restrictions is what the
-- frame has to look at besides trust, null for most; see _restrict.
-- The command line of the machine that runs the coordinator (no key, trust 4) has no profile: whoever sits there owns
-- the database, and somebody must be able to undo a profile that locks everybody out.
create function coord._authority(
  p_project_id integer, p_agent text, p_account text, p_agent_type text, p_trust smallint, p_key_id text,
  out profile text, out source text, out trust smallint, out restrictions jsonb, out session_seconds integer
)
language plpgsql stable
as $$
declare
  v_profile coord.profiles;
begin
  trust := p_trust;
  source := 'local administrator';
  if p_key_id is null and p_trust = 4 then return; end if;
  select a.profile, a.kind into profile, source from coord.profile_assignments a
  where a.project_id = p_project_id
    and (a.kind = 'agent' and a.name = p_account or a.kind = 'agent_type' and a.name = p_agent_type)
  order by a.kind limit 1;
  if not found then
    profile := 'default';
    source := 'default';
  end if;
  select p.* into v_profile from coord.profiles p where p.project_id = p_project_id and p.profile = _authority.profile;
  trust := least(p_trust, coalesce(v_profile.trust, 0));
  session_seconds := v_profile.session_seconds;
  restrictions := nullif(jsonb_strip_nulls(jsonb_build_object(
    'suspended', nullif(coord._is_suspended(p_project_id, p_agent, p_account), false),
    'scopes', (
      select to_jsonb(k.scopes) from coord.api_keys k where k.key_id = p_key_id and k.project_id = p_project_id),
    'allowed', to_jsonb(v_profile.allowed_operations), 'blocked', to_jsonb(v_profile.blocked_operations),
    'calls_per_hour', v_profile.calls_per_hour, 'max_locks', v_profile.max_locks, 'max_files', v_profile.max_files)),
    '{}') || jsonb_build_object('account', p_account, 'profile', profile);
end
$$;

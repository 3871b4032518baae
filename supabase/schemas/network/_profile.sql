-- Name of the profile that the calling session has; null for a local administrator.
create function coord._profile(p_call coord._call) returns text
language plpgsql stable
as $$
begin
  return (
    select a.profile
    from coord.sessions s
    cross join lateral coord._authority(s.project_id, s.agent, coalesce(s.delegated_from, s.agent), s.granted_type,
      s.granted_trust, s.key_id) a
    where s.project_id = p_call.project_id and s.session_id = p_call.session_id);
end
$$;

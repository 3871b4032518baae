-- Living sessions whose row does not say any more what _authority says, with what it should say.
create function coord._due_authorities(p_project_id integer)
returns table (session_id uuid, trust smallint, restrictions jsonb, valid_until timestamptz)
language sql volatile
as $$
  select o.session_id, a.trust, a.restrictions, v.valid_until
  from coord.sessions o
  left join coord.api_keys k on k.key_id = o.key_id and k.project_id = o.project_id
  cross join lateral coord._authority(o.project_id, o.agent, coalesce(o.delegated_from, o.agent), o.granted_type,
    o.granted_trust, o.key_id) a
  cross join lateral (select least(coalesce(k.expires_at, 'infinity'),
    coalesce(o.started_at + make_interval(secs => a.session_seconds), 'infinity'))) v(valid_until)
  where o.project_id = p_project_id and o.ended_at is null
    and (o.trust, o.restrictions, o.valid_until) is distinct from (a.trust, a.restrictions, v.valid_until);
$$;

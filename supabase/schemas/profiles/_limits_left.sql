-- Each limit that a session has: how much it is, and what is used and left of it now.
create function coord._limits_left(
  p_project_id integer, p_session coord.sessions, p_restrictions jsonb, p_session_seconds integer
) returns jsonb
language sql volatile
as $$
  select coalesce(jsonb_agg(jsonb_build_object('limit', l.name, 'most', l.most, 'used', coalesce(l.used, 0),
    'left', greatest(0, l.most - coalesce(l.used, 0)), 'resets_at', l.resets_at) order by l.name), '[]')
  from (
    select 'calls_per_hour' as name, (p_restrictions ->> 'calls_per_hour')::integer as most, u.calls as used,
      u.since + interval '1 hour' as resets_at
    from (select) one left join coord.agent_usage u on u.project_id = p_project_id
      and u.agent = p_restrictions ->> 'account' and u.since > clock_timestamp() - interval '1 hour'
    union all
    select 'max_locks', (p_restrictions ->> 'max_locks')::integer, (
      select count(*)::integer from coord._held_by(p_project_id, p_restrictions ->> 'account')), null
    union all
    select 'max_files', (p_restrictions ->> 'max_files')::integer, (
      select count(*)::integer from coord.agent_files f
      where f.project_id = p_project_id and f.agent = p_restrictions ->> 'account'
        and f.locked_at > clock_timestamp() - interval '1 hour'), null
    union all
    select 'session_seconds', p_session_seconds,
      extract(epoch from clock_timestamp() - p_session.started_at)::integer, null) l
  where l.most is not null;
$$;

-- What waits for the caller, new or not: 0 its inbox, 5 approvals that it may decide.
create function coord._open_calls(p_call coord._call) returns table (kind integer, nth bigint, line text)
language plpgsql stable
as $$
begin
  return query
    select 0, 1::bigint, format('%s unread in your inbox: read_inbox.',
      case when count(*) < 100 then count(*)::text else '100 or more' end)
    from coord._unread(coord._inbox_reader(p_call), 100) u
    having count(*) > 0
    union all
    select 5, row_number() over (order by a.expires_at), format('%s asks for approval (%s, risk %s): %s (approval:%s).',
      a.requested_by, a.action_type, a.risk, rtrim(left(a.description, 100), '. '), a.approval_id)
    from coord.approvals a
    where a.project_id = p_call.project_id and a.status = 'pending' and a.expires_at > clock_timestamp()
      and a.session_id <> p_call.session_id and coord._trust(p_call) >= coord._minimum_trust('decide_approval');
end
$$;

-- What the calling session has not been told yet, as {"notices": […]}, the oldest 20; {} when there is nothing. The
-- rest comes with the next calls: whoever makes many must not fill the answer to somebody's small question. They count
-- as told when the call ends well, in _leave_with_extra: an answer that is an error carries none.
create function coord._notices(p_call coord._call) returns jsonb
language sql stable
as $$
  select case when count(*) = 0 then '{}'::jsonb else jsonb_build_object('notices', jsonb_agg(
    n.notice || jsonb_build_object('notice_id', n.notice_id, 'happened_at', n.at) order by n.notice_id)) end
  from (
    select o.notice, o.notice_id, o.at from coord.notices o
    where o.project_id = p_call.project_id and o.session_id = p_call.session_id and o.told_at is null
    order by o.notice_id limit 20) n;
$$;

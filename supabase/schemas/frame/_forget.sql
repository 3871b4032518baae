-- Deletes what is kept for a time only, a thousand rows of a kind: idempotency keys (ten thousand) 48 hours, ended
-- sessions, notices, looks and paths that nobody locks any more 30 days, handoffs 180.
create function coord._forget() returns void
language plpgsql volatile
as $$
begin
  delete from coord.idempotency_keys k where (k.project_id, k.agent, k.key) in (
    select o.project_id, o.agent, o.key from coord.idempotency_keys o
    where o.created_at < clock_timestamp() - interval '48 hours' limit 10000 for update skip locked);
  delete from coord.sessions s where (s.project_id, s.session_id) in (
    select o.project_id, o.session_id from coord.sessions o
    where o.ended_at < clock_timestamp() - interval '30 days' limit 1000 for update skip locked);
  delete from coord.notices n where (n.project_id, n.notice_id) in (
    select o.project_id, o.notice_id from coord.notices o
    where o.at < clock_timestamp() - interval '30 days' limit 1000 for update skip locked);
  delete from coord.looks l where (l.project_id, l.agent, l.session_id) in (
    select o.project_id, o.agent, o.session_id from coord.looks o
    where o.looked_at < clock_timestamp() - interval '30 days' limit 1000 for update skip locked);
  delete from coord.handoffs h where (h.project_id, h.handoff_id) in (
    select o.project_id, o.handoff_id from coord.handoffs o
    where o.created_at < clock_timestamp() - interval '180 days' limit 1000 for update skip locked);
  delete from coord.agent_files f where (f.project_id, f.agent, f.path) in (
    select o.project_id, o.agent, o.path from coord.agent_files o
    where o.locked_at < clock_timestamp() - interval '1 hour' limit 1000 for update skip locked);
  perform coord._forget_locks();
  perform coord._forget_messages();
  perform coord._forget_approvals();
  perform coord._forget_violations();
  perform coord._forget_decisions();
  perform coord._move_floors();
end
$$;

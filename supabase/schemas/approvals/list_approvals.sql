-- Approvals of the project with what exactly they are about, newest first; pages by approval_id, which is ordered by
-- time. A page ends at 128 KiB of payloads, after one approval at least.
create function coord.list_approvals(
  p_caller jsonb, p_status text default null, p_requested_by text default null, p_limit integer default 20,
  p_before uuid default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'list_approvals');
  v_answer jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  select jsonb_build_object('more', count(*) > count(*) filter (where f.is_shown),
    'approvals', coalesce(jsonb_agg(jsonb_build_object('approval_id', f.approval_id, 'status', f.now_status,
      'risk', f.risk, 'action_type', f.action_type, 'description', f.description, 'payload', f.payload,
      'payload_hash', f.payload_hash, 'requested_by', f.requested_by, 'requested_at', f.requested_at,
      'expires_at', f.expires_at, 'decided_by', f.decided_by, 'decided_via', f.decided_via,
      'decided_at', f.decided_at, 'reason', f.reason, 'used_at', f.used_at) order by f.approval_id desc)
      filter (where f.is_shown), '[]')) into v_answer
  from (
    select n.*, n.nth <= p_limit and (n.nth = 1 or n.bytes <= 131072) as is_shown
    from (
      select a.*, coord._approval_status(a.status, a.expires_at) as now_status,
        row_number() over newest as nth, sum(octet_length(a.payload::text)) over newest as bytes
      from coord.approvals a
      where a.project_id = v_call.project_id and (p_before is null or a.approval_id < p_before)
        and (p_requested_by is null or a.requested_by = p_requested_by)
        and (p_status is null or coord._approval_status(a.status, a.expires_at) = p_status)
      window newest as (order by a.approval_id desc) order by a.approval_id desc limit p_limit + 1) n) f;
  return coord._leave(v_call, v_answer);
end
$$;

grant execute on function coord.list_approvals to coord_app;

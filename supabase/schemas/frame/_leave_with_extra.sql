-- The rest of _leave for calls with an idempotency key, notices, or claims with paths that are to be renewed. Notices
-- are not kept with the answer: a repetition has heard them.
-- Concurrency: of two calls of a session at once, both may tell the same notice; none is lost.
create function coord._leave_with_extra(p_call coord._call, p_answer jsonb, p_kept jsonb) returns jsonb
language plpgsql volatile
as $$
begin
  if p_call.extra ? 'renews' then perform coord._renew_claims(p_call.project_id, p_call.session_id); end if;
  if p_call.extra ? 'idempotency_key' then
    if p_kept <> 'null' then
      update coord.idempotency_keys k set answer = p_kept
      where k.project_id = p_call.project_id and k.agent = p_call.agent and k.key = p_call.extra ->> 'idempotency_key';
    else
      delete from coord.idempotency_keys k
      where k.project_id = p_call.project_id and k.agent = p_call.agent and k.key = p_call.extra ->> 'idempotency_key';
    end if;
  end if;
  if not p_call.extra ? 'notices' or p_answer ? 'error' then return p_answer; end if;
  update coord.notices n set told_at = clock_timestamp()
  where n.project_id = p_call.project_id and n.notice_id in (
    select (o.notice ->> 'notice_id')::bigint from jsonb_array_elements(p_call.extra -> 'notices') o(notice));
  return p_answer || jsonb_build_object('notices', p_call.extra -> 'notices');
end
$$;

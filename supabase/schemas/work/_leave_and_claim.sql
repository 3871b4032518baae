-- _leave for a report of a claim, with the claim of the next task in its answer when p_next asks for one: a call of
-- get_work that has entered the frame, so that profiles, limits and journal see it as one. It is claimed for as long as
-- the last one. What becomes of it, a refusal, a failure, a statement that takes too long, takes nothing back: what was
-- done is done, and stands in the journal first. To be called with enable_seqscan = off; see _claim.
-- Concurrency: whoever calls may have the advisory lock of the project's locks, since it has freed paths, and so must
-- not wait for a task any more. Hence nothing is settled: what is due or was left by the dead is claimed by get_work.
create function coord._leave_and_claim(
  p_call coord._call, p_answer jsonb, p_resource text, p_detail jsonb, p_next coord._call, p_lease_seconds integer
) returns jsonb
language plpgsql volatile
as $$
declare
  v_claim jsonb;
begin
  if p_next.operation is null then return coord._leave(p_call, p_answer, p_resource, p_detail); end if;
  perform coord._journal(p_call.project_id, p_call.operation, p_resource, 'ok', p_detail, p_call.session_id, p_call.agent);
  begin
    if p_next.answer is null then
      v_claim := coord._claim(p_next, null, p_lease_seconds, false);
      v_claim := coord._leave(p_next,
        coalesce(v_claim, '{"claimed": false, "hint": "Nothing to claim at once. get_work looks closer, and can wait."}'),
        'task:' || (v_claim #>> '{task,task_id}'));
    else
      v_claim := jsonb_build_object('claimed', false,
        'hint', concat_ws(' ', p_next.answer #>> '{error,message}', p_next.answer #>> '{error,hint}'));
    end if;
  exception when others or query_canceled then
    v_claim := '{"claimed": false, "hint": "The claim of the next task has failed. Call get_work for it."}';
  end;
  -- Notices come with the answer itself.
  return coord._leave(p_call, p_answer || jsonb_build_object('next', v_claim - 'notices'));
end
$$;

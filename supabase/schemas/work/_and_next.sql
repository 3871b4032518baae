-- The answer to a completion, with the claim of the next task, for as long as the last one, when p_claimer, the caller's
-- p_caller, asks for one. It is a call of its own in the same transaction, so that profiles, limits and journal see it as one, and its refusal
-- takes nothing back: what was done is done.
-- Concurrency: the task that was completed is settled before, and its paths are freed under the advisory lock, which the
-- paths of the next one need as well; tasks are locked with skip locked, so nothing here waits for one.
create function coord._and_next(p_answer jsonb, p_claimer jsonb, p_lease_seconds integer) returns jsonb
language plpgsql volatile
as $$
declare
  v_next jsonb;
begin
  if p_claimer is null then return p_answer; end if;
  v_next := coord.get_work(p_claimer - 'idempotency_key', p_lease_seconds => p_lease_seconds);
  if v_next ? 'error' then
    v_next := jsonb_build_object('claimed', false,
      'hint', concat_ws(' ', v_next #>> '{error,message}', v_next #>> '{error,hint}'));
  end if;
  return p_answer || jsonb_build_object('next', v_next);
end
$$;

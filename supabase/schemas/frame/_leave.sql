-- Closes an operation that was carried out: writes its journal row and keeps the answer for repetitions.
-- p_resource names what changed (a path, task:<id>, session:<id>, key:<id>); null says that nothing did, and nothing
-- is journalled. p_outcome is 'ok', or the word for an answer that is a "no", such as 'held'. p_kept is what a
-- repetition of this call is told instead of the answer, when the answer holds a secret.
create function coord._leave(
  p_call coord._call, p_answer jsonb, p_resource text default null, p_detail jsonb default null,
  p_outcome text default 'ok', p_kept jsonb default null
) returns jsonb
language plpgsql volatile
as $$
begin
  if p_resource is not null then
    insert into coord.journal (project_id, session_id, agent, operation, outcome, resource, detail)
    values (p_call.project_id, p_call.session_id, p_call.agent, p_call.operation, p_outcome, p_resource, p_detail);
  end if;
  if p_call.idempotency_key is not null then
    update coord.idempotency_keys k set answer = coalesce(p_kept, p_answer)
    where k.project_id = p_call.project_id and k.agent = p_call.agent and k.key = p_call.idempotency_key;
  end if;
  return p_answer;
end
$$;

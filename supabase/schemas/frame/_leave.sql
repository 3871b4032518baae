-- Closes an operation that was carried out: writes its journal row, keeps the answer for repetitions, adds notices.
-- p_resource names what changed (a path, task:<id>, session:<id>, key:<id>); null says that nothing did, and nothing
-- is journalled. p_outcome is 'ok', or the word for an answer that is a "no", such as 'held'. p_kept is what a
-- repetition of this call is told instead of the answer, when the answer holds a secret; 'null' keeps nothing, so that
-- a repetition is carried out anew.
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
  if p_call.extra is not null then
    return coord._leave_with_extra(p_call, p_answer, coalesce(p_kept, p_answer));
  end if;
  return p_answer;
end
$$;

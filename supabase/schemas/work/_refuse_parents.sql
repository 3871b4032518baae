-- Why drafts may not become parts of the parents that they name, as a refusal; null when they may. A task is not done
-- before its subtasks have ended, so they are added only by who answers for it: its submitter, its claimer, a subagent
-- of either, or somebody with trust 3, who might as well cancel it. The parents are locked by _submit_tasks, so the
-- claimer stays.
create function coord._refuse_parents(p_call coord._call, p_drafts coord.tasks[]) returns jsonb
language plpgsql volatile
as $$
declare
  v_wrong text;
  v_us text[];
begin
  if not exists (select from unnest(p_drafts) d where (d.terms).parent_id is not null) then return null; end if;
  select (d.terms).parent_id::text into v_wrong from unnest(p_drafts) d
  where (d.terms).parent_id is not null and not exists (
    select from coord.tasks t where t.project_id = p_call.project_id and t.task_id = (d.terms).parent_id) limit 1;
  if found then
    return coord._refuse(p_call, 'not_found', format('parent_id: there is no task %s', v_wrong),
      'See list_tasks for the tasks of this project.');
  end if;
  select (d.terms).parent_id::text into v_wrong from unnest(p_drafts) d
  join coord.tasks t on t.project_id = p_call.project_id and t.task_id = (d.terms).parent_id
  where t.status in ('done', 'failed', 'cancelled') limit 1;
  if found then
    return coord._refuse(p_call, 'conflict', format('parent_id: the task %s has ended', v_wrong),
      'Submit the task without a parent.', '{"reason": "finished"}');
  end if;
  if coord._trust(p_call) >= 3 then return null; end if;
  v_us := array[p_call.agent, coord._account(p_call)];
  select (d.terms).parent_id::text into v_wrong from unnest(p_drafts) d
  join coord.tasks t on t.project_id = p_call.project_id and t.task_id = (d.terms).parent_id
  where t.submitted_by <> all (v_us) and not (t.status = 'claimed' and t.agent = any (v_us)) limit 1;
  if found then
    return coord._refuse(p_call, 'forbidden',
      format('parent_id: the task %s is neither yours nor claimed by you; to add to it needs trust 3.', v_wrong),
      'Submit the task without a parent, or ask who submitted or claimed the parent.',
      '{"reason": "insufficient_trust_level"}', 'task:' || v_wrong);
  end if;
  return null;
end
$$;

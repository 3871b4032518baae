-- Why drafts may not be written, as a refusal that names the field; null when they may. Changes nothing but the journal.
create function coord._refuse_drafts(
  p_call coord._call, p_tasks jsonb, p_drafts coord.tasks[], p_edges coord.task_dependencies[]
) returns jsonb
language plpgsql volatile
as $$
declare
  v_wrong text;
  v_most integer;
  v_us text[] := array[p_call.agent, coord._account(p_call)];
  v_answer jsonb;
begin
  select i.task ->> 'key' into v_wrong from jsonb_array_elements(p_tasks) i(task)
  where i.task ? 'key' group by 1 having count(*) > 1 limit 1;
  if found then
    return coord._refuse(p_call, 'invalid_input', format('key: %s is used twice', v_wrong),
      'Give each task of a batch a key of its own.');
  end if;
  v_wrong := coord._unknown_dependency(p_call.project_id, p_tasks, p_drafts);
  if v_wrong is not null then
    return coord._refuse(p_call, 'not_found', format('depends_on: there is no task %s', v_wrong),
      'Submit the tasks that come first before this one, and use the task_id that submit_work answered.');
  end if;
  -- They are all locked by the report of what they depend on, which must not take long. Half of them is kept for
  -- whoever submitted that.
  select n.depends_on, n.most into v_wrong, v_most
  from (
    select e.depends_on, count(*) as edges, case when exists (select from coord.tasks t
        where t.project_id = p_call.project_id and t.task_id = e.depends_on
          and t.submitted_by = any (v_us))
      then 1000 else 500 end as most
    from unnest(p_edges) e group by 1) n
  where n.edges + (select count(*) from (
    select from coord.task_dependencies d where d.project_id = p_call.project_id and d.depends_on = n.depends_on
    order by d.depends_on, d.task_id limit 1000) k) > n.most limit 1;
  if found then
    return coord._refuse(p_call, 'limit_exceeded', format('depends_on: %s tasks depend on %s already, the most%s',
        v_most, v_wrong, case when v_most < 1000 then ' for a task that somebody else submitted' else '' end),
      'Put a task in between that depends on it, and let the others depend on that one.',
      '{"reason": "too_many_dependents"}');
  end if;
  v_answer := coord._refuse_parents(p_call, p_drafts);
  if v_answer is not null then return v_answer; end if;
  select n.agent into v_wrong
  from unnest(p_drafts) d
  cross join lateral (values (case when not (d.terms).auto_assign then (d.terms).assignee end), ((d.terms).escalate_to)) n(agent)
  where n.agent is not null and not exists (
    select from coord.agents a where a.project_id = p_call.project_id and a.agent = n.agent) limit 1;
  if found then
    return coord._refuse(p_call, 'not_found', format('assignee or escalate_to: there is no agent %s', v_wrong),
      'See discover_agents for the agents of this project, or leave it out: whoever asks for work gets the task.');
  end if;
  if exists (select from unnest(p_drafts) d
    where (d.terms).paths is not null and coord._are_many_scopes((d.terms).paths))
  then
    return coord._refuse(p_call, 'limit_exceeded', 'paths: a task has 50 trees at most, 10 of them globs, as an agent may lock',
      'Name one tree instead of several in it, or split the task.', '{"reason": "too_many_scopes"}');
  end if;
  return coalesce(coord._refuse_times(p_call, p_drafts), coord._refuse_broad(p_call, array(
    select p.path from unnest(p_drafts) d cross join unnest((d.terms).paths) p(path))));
end
$$;

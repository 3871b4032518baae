-- Checks tasks and puts them into the queue, all or none; answers {"tasks": […]}, or an error, which is journalled.
-- Each task that is made has its journal row from here.
-- Concurrency: what the new tasks depend on, and their parents, are locked before they are looked at, in the order of
-- table.sql. A completion of one of them either commits first and is seen, or waits, and then finds the new task among
-- its dependents. What is refused is refused before anything is locked, as far as that can be: else calls that come to
-- nothing keep tasks of others locked, which is what claims and the sweeper pass over. It is looked at again under the
-- locks. Circles are, too, under an advisory lock, which is taken last (see _refuse_new_circles). One call of an agent at a
-- time gets that far, so that its others do not stand in line there. So nothing that follows may wait for a task.
create function coord._submit_tasks(p_call coord._call, p_tasks jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_drafts coord.tasks[] := coord._draft_tasks(p_call, p_tasks);
  v_edges coord.task_dependencies[] := coord._draft_dependencies(p_tasks, v_drafts);
  v_parents uuid[] := array(select distinct (d.terms).parent_id from unnest(v_drafts) d
    where (d.terms).parent_id is not null);
  v_near uuid[] := v_parents || array(select distinct e.depends_on from unnest(v_edges) e);
  v_answer jsonb;
  v_dead uuid[];
begin
  v_answer := coord._refuse_drafts(p_call, p_tasks, v_drafts, v_edges);
  if v_answer is null and v_near <> '{}' then v_answer := coord._refuse_circles(p_call, v_drafts, v_edges); end if;
  v_answer := coalesce(v_answer, coord._refuse_telling(p_call, v_drafts, p_counts => false));
  if v_answer is not null then return v_answer; end if;
  if v_near <> '{}' then
    if v_parents <> '{}' and v_edges <> '{}' then
      perform pg_advisory_xact_lock(hashtext('coord.circles ' || coord._account(p_call)), p_call.project_id);
    end if;
    perform coord._lock_tasks(p_call.project_id, v_near);
    v_answer := coalesce(coord._refuse_drafts(p_call, p_tasks, v_drafts, v_edges),
      coord._refuse_new_circles(p_call, v_drafts, v_edges));
    if v_answer is not null then return v_answer; end if;
  end if;
  v_answer := coord._refuse_telling(p_call, v_drafts, p_counts => true);
  if v_answer is not null then return v_answer; end if;
  v_drafts := coord._assign_drafts(v_drafts, v_edges);
  insert into coord.task_dependencies select e.* from unnest(v_edges) e;
  insert into coord.tasks select d.* from unnest(v_drafts) d;
  insert into coord.subtasks select d.project_id, (d.terms).parent_id, d.task_id from unnest(v_drafts) d
    where (d.terms).parent_id is not null;
  update coord.tasks p set terms.open_subtasks = coalesce((p.terms).open_subtasks, 0)
    + (select count(*) from unnest(v_drafts) d where (d.terms).parent_id = p.task_id)
  where p.project_id = p_call.project_id and p.task_id = any (v_parents);
  insert into coord.journal (project_id, session_id, agent, operation, outcome, resource)
  select d.project_id, p_call.session_id, p_call.agent, p_call.operation, 'ok', 'task:' || d.task_id
  from unnest(v_drafts) d order by d.rank;

  v_dead := array(
    select t.task_id from coord.tasks t where t.project_id = p_call.project_id and t.status in ('failed', 'cancelled')
      and t.task_id in (select e.depends_on from unnest(v_edges) e) order by 1);
  if v_dead <> '{}' then
    perform coord._settle_failures(p_call.project_id, coord._cascade(p_call.project_id, v_dead, p_waits => false));
  end if;
  return (
    select jsonb_build_object('tasks', jsonb_agg(jsonb_strip_nulls(jsonb_build_object('key', i.task -> 'key',
      'task_id', t.task_id, 'status', t.status, 'unmet_dependencies', t.unmet)) order by i.place))
    from jsonb_array_elements(p_tasks) with ordinality i(task, place)
    join coord.tasks t on t.project_id = p_call.project_id and t.task_id = v_drafts[i.place].task_id);
end
$$;

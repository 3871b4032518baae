-- The board of a project in the form of get_task_board, which says what it counts.
create function coord._board(p_project_id integer) returns jsonb
language plpgsql volatile
as $$
declare
  v_done jsonb;
  v_locks integer;
begin
  select coalesce(jsonb_object_agg(coalesce(d.agent, ''), d.tasks), '{}') into v_done
  from (
    select n.agent, count(*) as tasks
    from (select t.agent, t.status from coord.tasks t where t.project_id = p_project_id
      order by t.task_id desc limit 1000) n
    where n.status = 'done' group by n.agent
  ) d;
  select count(*) into v_locks from (
    select from (
      select l.session_id, l.expires_at from coord.locks l where l.project_id = p_project_id
      union all
      select a.session_id, a.expires_at from coord.lock_shares a where a.project_id = p_project_id) l
    join coord.sessions s on s.project_id = p_project_id and s.session_id = l.session_id
    where l.expires_at > clock_timestamp() and coord._holds(s.ended_at, s.lease_expires_at) limit 1000) held;
  return jsonb_build_object('agents', coord._board_agents(p_project_id, v_done),
    'locks', v_locks,
    'tasks', coord._count_tasks(p_project_id) || jsonb_build_object(
      'done', (select coalesce(sum(d.value::integer), 0) from jsonb_each_text(v_done) d)));
end
$$;

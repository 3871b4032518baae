-- What some reading operations answer, for dashboards that have a token of PostgREST and no key: see `direct` in the
-- catalogue. Whose project it is decides before anything is read: members alone, since the API shows such things to
-- agents of the project, and a public project is read in its tables. Changes nothing, opens no session, is not
-- journalled, and is no sign of life: p_session_id only says which rows are the asker's own. Nobody has checked p_input
-- before.
create function coord.read_directly(
  p_operation text, p_input jsonb default '{}', p_project text default null, p_session_id uuid default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set jit = off
as $$
declare
  v_projects integer[] := array(
    select p.project_id from coord.projects p
    where p.project_id in (select coord._member_projects()) and (p_project is null or p.name = p_project) limit 2);
  v_project_id integer := v_projects[1];
  v_answer jsonb;
begin
  if cardinality(v_projects) <> 1 then
    return coord._error('not_found', 'There is no such project, or it is not shown to you, or there are several.',
      'Name the project, and ask an administrator to make you a member (add_project_member) or a token (create_read_token).');
  end if;
  v_answer := case p_operation
    when 'check_locks' then coord._list_locks(v_project_id, p_session_id, null, coord._limit_of(p_input, 200))
    when 'get_task_board' then coord._board(v_project_id)
    when 'list_tasks' then coord._list_tasks(v_project_id, p_input ->> 'status', p_input ->> 'type', p_input ->> 'tag',
      p_input ->> 'assignee', (p_input ->> 'parent_id')::uuid, coord._limit_of(p_input, 50), (p_input ->> 'before')::uuid)
    when 'get_task' then coord._whole_task(v_project_id, (p_input ->> 'task_id')::uuid)
    when 'discover_agents' then coord._list_sessions(v_project_id, p_session_id, p_input ->> 'capability',
      coord._limit_of(p_input, 50))
    when 'query_audit' then (
      select jsonb_build_object('entries', f.entries, 'before', f.before)
      from coord._find_entries(v_project_id, p_input ->> 'before', p_input ->> 'agent', p_input ->> 'operation',
        p_input ->> 'resource', p_input ->> 'outcome', (p_input ->> 'session_id')::uuid,
        (p_input ->> 'since')::timestamptz, (p_input ->> 'until')::timestamptz, coord._limit_of(p_input, 50)) f)
  end;
  return coalesce(v_answer, coord._error('not_found', 'There is nothing of that kind.', 'See list_tasks.'));
end
$$;

grant execute on function coord.read_directly to coord_reader;

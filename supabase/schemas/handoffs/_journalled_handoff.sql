-- The handoff of a session that ended without writing one, from its journal; null when it wrote one or did nothing that
-- anybody has to know: no task, no path, no decision. Always the same for the same session, however late it is asked for.
-- Bounded: 20 lines of a kind.
create function coord._journalled_handoff(p_session coord.sessions) returns coord.handoffs
language plpgsql stable
as $$
declare
  v_entries coord.journal[];
  v_handoff coord.handoffs;
  v_left text[];
  v_submitted bigint;
begin
  perform from coord.handoffs h where h.project_id = p_session.project_id and h.agent = p_session.agent
    and h.session_id = p_session.session_id;
  if found then return null; end if;
  v_entries := array(
    select e from coord._session_entries(p_session) e where e.outcome = 'ok' or e.session_id is null);
  select coalesce(array_agg(t.line) filter (where t.is_done), '{}'),
    coalesce(array_agg(t.line) filter (where not t.is_done), '{}')
    into v_handoff.completed, v_handoff.in_progress
  from coord._tasks_of_entries(p_session.project_id, v_entries) t;
  select coalesce(array_agg(p.path), '{}'), coalesce(array_agg(p.path) filter (where p.is_left), '{}')
    into v_handoff.relevant_files, v_left
  from coord._paths_of_entries(p_session.session_id, v_entries) p;
  v_handoff.decisions := array(
    select left(format('%s: %s. Because: %s', d.type, rtrim(d.context, '.'), d.reason), 300)
    from unnest(v_entries) e
    join coord.decisions d on d.project_id = e.project_id
      and d.decision_id = coord._resource_id(e.resource, 'decision')
    order by d.decision_id desc limit 20);
  v_submitted := (select count(*) from unnest(v_entries) e where e.operation like 'submit\_work%');
  if v_submitted = 0
    and v_handoff.completed || v_handoff.in_progress || v_handoff.relevant_files || v_handoff.decisions = '{}'
  then
    return null;
  end if;
  v_handoff.summary := concat_ws(' ',
    format('Put together from the journal: %s ended without a handoff (%s).', p_session.agent,
      rtrim(left(p_session.end_reason, 200), '.')),
    'It said it was working on: ' || left(p_session.working_on, 300) || '.',
    format('Tasks done: %s; left unfinished: %s. Paths locked: %s, of which %s at the end.',
      cardinality(v_handoff.completed), cardinality(v_handoff.in_progress), cardinality(v_handoff.relevant_files),
      cardinality(v_left)),
    'Tasks submitted: ' || nullif(v_submitted, 0) || '.');
  v_handoff.next_steps := array_remove(array[
    case when v_handoff.in_progress <> '{}' then 'See who has the unfinished tasks now; get_work hands out those that are free.' end,
    case when v_left <> '{}' then left('Look for half-made changes in what was locked at the end: '
      || array_to_string(v_left[1:20], ', '), 1000) end], null);
  v_handoff.project_id := p_session.project_id;
  v_handoff.handoff_id := p_session.session_id;
  v_handoff.session_id := p_session.session_id;
  v_handoff.agent := p_session.agent;
  v_handoff.agent_type := p_session.agent_type;
  v_handoff.automatic := true;
  v_handoff.created_at := p_session.ended_at;
  v_handoff.completed := v_handoff.completed[1:20];
  v_handoff.in_progress := v_handoff.in_progress[1:20];
  v_handoff.relevant_files := v_handoff.relevant_files[1:50];
  return v_handoff;
end
$$;

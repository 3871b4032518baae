-- Whether drafts wait for each other in a circle, parents left aside. Those that wait for no other draft are taken
-- away, round after round; what stays goes round.
create function coord._is_circular_within(p_drafts coord.tasks[], p_edges coord.task_dependencies[]) returns boolean
language plpgsql immutable
as $$
declare
  v_from uuid[];
  v_to uuid[];
  v_left integer;
begin
  select array_agg(e.task_id), array_agg(e.depends_on) into v_from, v_to
  from unnest(p_edges) e where e.depends_on in (select d.task_id from unnest(p_drafts) d);
  while v_from is not null loop
    v_left := cardinality(v_from);
    select array_agg(e.task_id), array_agg(e.depends_on) into v_from, v_to
    from unnest(v_from, v_to) e(task_id, depends_on)
    where e.depends_on in (select w.task_id from unnest(v_from) w(task_id));
    if cardinality(v_from) = v_left then return true; end if;
  end loop;
  return false;
end
$$;

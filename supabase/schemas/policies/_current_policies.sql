-- The newest version of a project's policies, 0 for all projects; version 0 and none where nobody has stored any.
create function coord._current_policies(p_project_id integer, out version integer, out policies jsonb)
language sql stable
as $$
  select coalesce(max(c.version), 0), coalesce((array_agg(c.policies))[1], '{}')
  from (
    select n.version, n.policies from coord.cedar_policies n
    where n.project_id = p_project_id order by n.version desc limit 1) c;
$$;

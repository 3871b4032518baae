-- A journal row for what happens without a caller: the sweeper's work.
create function coord._note(
  p_project_id integer, p_operation text, p_resource text, p_outcome text, p_detail jsonb default null
) returns void
language sql volatile
as $$
  insert into coord.journal (project_id, operation, resource, outcome, detail)
  values (p_project_id, p_operation, p_resource, p_outcome, p_detail);
$$;

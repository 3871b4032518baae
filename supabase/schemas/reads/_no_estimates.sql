-- Refuses the question what Postgres expects of a query (PostgREST: Prefer count=planned or estimated, and plans): the
-- answer comes from statistics of all rows, also of those that the asker may not see. Answers 0 to every other query.
-- Postgres calls it while it plans, to estimate the condition of the policies below, so nothing has been told by then;
-- and as no project has a number below 0, it does not call it for rows. EXPLAIN is known by the text of the statement,
-- which over PostgREST nobody writes himself. Owners and superusers, whom no policy concerns, see plans.
create function coord._no_estimates() returns integer
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  if current_query() ~* '^\s*explain\M' then
    raise exception 'Estimates and plans are not shown: they would tell of rows that you may not read.'
      using errcode = 'insufficient_privilege', hint = 'Ask for an exact count: Prefer: count=exact.';
  end if;
  return 0;
end
$$;

grant execute on function coord._no_estimates to coord_reader;

-- Every table that readers see rows of. How long a query takes is not to tell of hidden rows either: the projects that may
-- be read are a condition that an index is read by, one project after the other, whatever else is asked for. Their range,
-- which says no more, has Postgres expect few rows, and so prefer an index to reading all. What members alone may read has
-- the projects of theirs.
do $$
declare
  v_table record;
begin
  for v_table in
    select p.polrelid::regclass as name,
      coalesce(substring(pg_get_expr(p.polqual, p.polrelid) from '_readable_projects'), '_member_projects') as projects
    from pg_catalog.pg_policy p join pg_catalog.pg_class c on c.oid = p.polrelid
    where c.relnamespace = 'coord'::regnamespace and p.polname = 'readers'
  loop
    execute format('create policy no_estimates on %s as restrictive for select
      using (project_id >= 0 or project_id >= coord._no_estimates())', v_table.name);
    execute format('create policy no_scans on %1$s as restrictive for select
      using (project_id = any (array(select coord.%2$I()))
        and project_id between (select min(r) from coord.%2$I() r) and (select max(r) from coord.%2$I() r))',
      v_table.name, v_table.projects);
  end loop;
end
$$;

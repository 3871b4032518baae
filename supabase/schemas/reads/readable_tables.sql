-- What holds for every table that readers see rows of. How long a query takes is not to tell of hidden rows either: the
-- projects that may be read are a condition that an index is read by, one project after the other, whatever else is
-- asked for. Their range, which says no more, has Postgres expect few rows, and so prefer an index to reading all. What
-- members alone may read has the projects of theirs. Nor are where a row lies and which transaction wrote it (ctid,
-- xmin), which tell how much others write: a right to the whole table would include them, so it becomes one to each
-- column.
do $$
declare
  v_table record;
  v_columns text;
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
    continue when not has_table_privilege('coord_reader', v_table.name, 'select');
    select string_agg(quote_ident(a.attname), ', ') into v_columns from pg_catalog.pg_attribute a
    where a.attrelid = v_table.name and a.attnum > 0 and not a.attisdropped;
    execute format('revoke select on %s from coord_reader', v_table.name);
    execute format('grant select (%s) on %s to coord_reader', v_columns, v_table.name);
  end loop;
end
$$;

-- Refuses the question what Postgres expects of a query (PostgREST: Prefer count=planned or estimated, and plans): the
-- answer comes from statistics of all rows, also of those that the asker may not see. Answers 0 to every other query.
-- Postgres calls it while it plans, to estimate the condition of the policies of readable_tables.sql, so nothing has been told by then;
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

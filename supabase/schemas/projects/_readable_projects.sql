-- Projects whose rows the asking dashboard may see: those its user is a member of, and public ones.
-- Policies name them as a list and as a range: Postgres then reads an index from the first to the last of them, whatever
-- else is asked for, so that how long it takes does not tell of the rows of others.
create function coord._readable_projects() returns setof integer
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    select m.project_id from coord._member_projects() m(project_id)
    union
    select p.project_id from coord.projects p where p.is_public;
end
$$;

grant execute on function coord._readable_projects to coord_reader;

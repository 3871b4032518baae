-- Projects whose rows the asking dashboard may see: those its user is a member of, and public ones.
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

-- Projects whose rows the asking dashboard may see: those its user is a member of, and public ones.
-- The user is `sub` of the token that PostgREST has verified; nobody else can set it for a reader.
-- The policies of all tables use it, so it is made before them, which plpgsql allows.
create function coord._readable_projects() returns setof integer
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    select m.project_id from coord.project_members m
    where m.user_id = (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid
    union
    select p.project_id from coord.projects p where p.is_public;
end
$$;

grant execute on function coord._readable_projects to coord_reader;

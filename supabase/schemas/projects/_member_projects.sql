-- Projects whose confidential rows the asking dashboard may see: those its user is a member of, however public they are.
-- The user is `sub` of the token that PostgREST has verified; nobody else can set it for a reader.
-- The policies of the tables use it, so it is made before them, which plpgsql allows.
create function coord._member_projects() returns setof integer
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    select m.project_id from coord.project_members m
    where m.user_id = (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
end
$$;

grant execute on function coord._member_projects to coord_reader;

-- Projects whose confidential rows the asking dashboard may see, however public they are: those its user is a member
-- of, and the one its token was issued for (create_read_token). Both stand in the token that PostgREST has verified;
-- nobody else can set it for a reader, and users of Supabase cannot write claims of the first level. A token is worth
-- nothing once it has expired by the clock of the database, or the project has made its tokens worthless. The policies
-- of the tables use it, so it is made before them, which plpgsql allows.
create function coord._member_projects() returns setof integer
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_claims jsonb := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
begin
  if v_claims ->> 'sub' ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    return query select m.project_id from coord.project_members m where m.user_id = (v_claims ->> 'sub')::uuid;
  end if;
  if v_claims @? '$.coord_project ? (@.id.type() == "number" && @.version.type() == "number") ' then
    return query
      select p.project_id from coord.projects p
      where p.project_id = (v_claims #>> '{coord_project,id}')::integer
        and p.read_token_version = (v_claims #>> '{coord_project,version}')::integer
        and to_timestamp((v_claims ->> 'exp')::double precision) > clock_timestamp();
  end if;
end
$$;

grant execute on function coord._member_projects to coord_reader;

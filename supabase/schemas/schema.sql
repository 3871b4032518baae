-- Schema coord and its four roles.
--   coord_owner   owns everything; operations run as it (security definer). Nobody logs in as it.
--   coord_app     may execute operations, touches no table: what servers and local processes act as.
--   coord_reader  may read rows of its projects through row-level security: dashboards.
-- On Supabase, service_role may do what coord_app may, anon and authenticated what coord_reader may: see supabase.sql.
-- Roles belong to the whole server, so another database of it may have made them already, or be making them now.
do $$
declare
  v_role text;
begin
  foreach v_role in array array['coord_owner', 'coord_app', 'coord_reader'] loop
    begin
      if not exists (select from pg_catalog.pg_roles where rolname = v_role) then
        execute format('create role %I nologin', v_role);
      end if;
    exception when duplicate_object or unique_violation then null;
    end;
    begin
      -- Needed by a migrating role that is no superuser: from Postgres 16 on, creating a role is not yet being it.
      execute format('grant %I to %I', v_role, current_user);
    exception when insufficient_privilege or unique_violation then null;
    end;
  end loop;
end
$$;

create schema coord authorization coord_owner;

set role coord_owner;

grant usage on schema coord to coord_app, coord_reader;
alter default privileges revoke execute on functions from public;

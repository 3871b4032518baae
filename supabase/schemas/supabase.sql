-- On Supabase: gives service_role what coord_app has, anon and authenticated what coord_reader has. Direct grants,
-- because Supabase's roles do not inherit. Comes last in each migration; does nothing where the roles are not.
do $$
declare
  v_pair record;
  v_object record;
begin
  for v_pair in
    select p.ours, p.theirs
    from (values ('coord_app', 'service_role'), ('coord_reader', 'authenticated'), ('coord_reader', 'anon'))
      p(ours, theirs)
    join pg_catalog.pg_roles r on r.rolname = p.theirs
  loop
    execute format('grant usage on schema coord to %I', v_pair.theirs);
    for v_object in
      select 'function' as kind, p.oid::regprocedure::text as name, a.privilege_type as privilege
      from pg_catalog.pg_proc p cross join lateral aclexplode(p.proacl) a
      where p.pronamespace = 'coord'::regnamespace and a.grantee = v_pair.ours::regrole
      union all
      select 'table', c.oid::regclass::text, a.privilege_type
      from pg_catalog.pg_class c cross join lateral aclexplode(c.relacl) a
      where c.relnamespace = 'coord'::regnamespace and a.grantee = v_pair.ours::regrole
      union all
      select 'table', t.attrelid::regclass::text, format('%s (%I)', a.privilege_type, t.attname)
      from pg_catalog.pg_attribute t join pg_catalog.pg_class c on c.oid = t.attrelid
      cross join lateral aclexplode(t.attacl) a
      where c.relnamespace = 'coord'::regnamespace and a.grantee = v_pair.ours::regrole
    loop
      execute format('grant %s on %s %s to %I', v_object.privilege, v_object.kind, v_object.name, v_pair.theirs);
    end loop;
  end loop;
end
$$;

-- Where pg_cron is, it sweeps and seals; otherwise whatever process of ours runs does. Two at once do no harm: see _sweep.
-- The job belongs to the role that migrates, because coord_owner cannot log in.
do $$
begin
  reset role;
  if to_regprocedure('cron.schedule(text, text, text)') is not null then
    perform cron.schedule('coord.sweep', '5 seconds', 'select coord.sweep_projects()');
    perform cron.schedule('coord.seal', '5 seconds', 'select coord.seal_journal(50000)');
  end if;
  set role coord_owner;
exception when insufficient_privilege then
  raise notice 'pg_cron is there, but the role that migrates may not use it: processes of agentcoord sweep instead.';
end
$$;

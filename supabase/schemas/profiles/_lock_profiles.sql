-- Taken by whoever changes profiles, assignments or suspensions, before the change; p_shared by whoever opens a
-- session, before looking at them. So no session is opened by a profile that has just been changed, and missed by the
-- change.
create function coord._lock_profiles(p_project_id integer, p_shared boolean) returns void
language plpgsql volatile
as $$
begin
  if p_shared then
    perform pg_advisory_xact_lock_shared(hashtextextended('coord.profiles', p_project_id));
  else
    perform pg_advisory_xact_lock(hashtextextended('coord.profiles', p_project_id));
  end if;
end
$$;

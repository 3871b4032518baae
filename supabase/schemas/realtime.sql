-- Where Supabase Realtime is: each journal row is told to who follows the private channel coord:<project_id>, by its
-- operation, without its detail. Only members of the project hear it. A broadcast is a hint: it may get lost and
-- comes in no certain order; whoever must miss nothing reads on from its last cursor.
-- The function belongs to the role that migrates, because coord_owner may not use schema realtime. A broadcast that
-- fails does not undo what it tells of. Does nothing where Realtime is not.
do $$
begin
  reset role;
  if to_regprocedure('realtime.send(jsonb, text, text, boolean)') is not null
    and to_regprocedure('realtime.topic()') is not null and to_regclass('realtime.messages') is not null
  then
    create function coord._broadcast() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
    as $function$
    begin
      perform realtime.send(to_jsonb(coord._event(new.xact_id, new.entry_id, new.at, new.session_id, new.agent,
        new.operation, new.outcome, new.resource, new.detail)) - 'detail', new.operation, 'coord:' || new.project_id, true);
      return null;
    exception when others then
      return null;
    end
    $function$;
    set role coord_owner;
    create trigger broadcast after insert on coord.journal for each row execute function coord._broadcast();
    reset role;
    revoke execute on function coord._broadcast from public;
    create policy coord_readers on realtime.messages for select to authenticated
    using (extension = 'broadcast'
      and realtime.topic() in (select 'coord:' || p.project_id from coord._member_projects() p(project_id)));
  end if;
  set role coord_owner;
exception when insufficient_privilege then
  raise notice 'Realtime is there, but the role that migrates may not use it: dashboards have to ask for events.';
  set role coord_owner;
end
$$;

-- Notes each change of a row of schema coord, so that what a refused request has changed is seen. Not noted: what any
-- call may touch (signs of life, notices that were told, journal rows of refusals, answers kept for repetitions), and what
-- sweeper and sealer do meanwhile. A call that opens the standing session of a key may assign tasks to it: `opened` tells.
create schema fuzz;
create table fuzz.changes (xact_id xid8 not null default pg_current_xact_id(), opened boolean not null, what text not null);

create function fuzz.note() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_old jsonb := to_jsonb(old) - array['lease_expires_at', 'fresh_until', 'last_call_at', 'told_at', 'swept_at', 'is_steady',
    'claim_expires_at', 'due_at'];
  v_new jsonb := to_jsonb(new) - array['lease_expires_at', 'fresh_until', 'last_call_at', 'told_at', 'swept_at', 'is_steady',
    'claim_expires_at', 'due_at'];
begin
  if current_query() ~ 'sweep|seal' or v_old = v_new then return null; end if;
  if tg_table_name = 'journal' and (v_new ->> 'outcome' not in ('ok', 'lapsed') or v_new ->> 'operation' = 'register_session')
  then return null; end if;
  if tg_table_name = 'idempotency_keys' then return null; end if;
  -- Whoever is alive keeps his claims, and their locks with them.
  if tg_table_name = 'locks' and v_new ->> 'task_id' is not null and v_old - 'expires_at' = v_new - 'expires_at'
  then return null; end if;
  insert into fuzz.changes (opened, what)
  values (tg_table_name = 'sessions' and tg_op = 'INSERT', left(format('%s %s: %s', lower(tg_op), tg_table_name, coalesce(v_new, v_old)), 500));
  return null;
end
$$;

do $$
declare
  v_table regclass;
begin
  for v_table in select oid from pg_class where relnamespace = 'coord'::regnamespace and relkind = 'r' loop
    execute format('create trigger fuzz_note after insert or update or delete on %s for each row execute function fuzz.note()',
      v_table);
  end loop;
end
$$;

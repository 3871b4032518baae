-- What the harness adds to its own database: stamps of every change of a lock and a task, a resource that is guarded
-- by fencing tokens, and a way to plant a bug. None of it is part of the product.
create schema faults;

-- Each change of a row, in the order in which the row changed: the number is drawn under the row's lock.
create table faults.stamps (
  stamp_id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  xact_id xid8 not null default pg_current_xact_id(),
  of_table text not null,
  project_id integer not null,
  -- The path or the id of the task.
  key text not null,
  was jsonb,
  became jsonb,
  -- Whether the old row was held by a living session whose time was not over.
  was_live boolean not null
);

create function faults.stamp() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_left_out text[] := array['input', 'description', 'result', 'tags', 'trail'];
  v_was jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) - v_left_out end;
  v_became jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) - v_left_out end;
  v_row jsonb := coalesce(v_became, v_was);
  v_session_id uuid := case when tg_table_name = 'tasks' then v_was ->> 'claim_session_id' else v_was ->> 'session_id' end;
  v_until timestamptz := case when tg_table_name = 'tasks' then v_was ->> 'claim_expires_at' else v_was ->> 'expires_at' end;
begin
  insert into faults.stamps (of_table, project_id, key, was, became, was_live)
  values (tg_table_name, (v_row ->> 'project_id')::integer,
    case when tg_table_name = 'tasks' then v_row ->> 'task_id' else v_row ->> 'path' end, v_was, v_became,
    v_session_id is not null and v_until > clock_timestamp() and exists (
      select from coord.sessions s where s.session_id = v_session_id and coord._is_live(s.ended_at, s.lease_expires_at)));
  return null;
end
$$;

create trigger stamp after insert or update or delete on coord.locks for each row execute function faults.stamp();
create trigger stamp after insert or update or delete on coord.lock_shares for each row execute function faults.stamp();
create trigger stamp after insert or update or delete on coord.tasks for each row execute function faults.stamp();

-- The resource that a lock protects: it takes a write with the highest token it has seen, or a higher one.
create table faults.resources (path text primary key, token bigint not null);

create function faults.write(p_path text, p_token bigint) returns boolean
language sql
as $$
  with written as (
    insert into faults.resources as r values (p_path, p_token)
    on conflict (path) do update set token = excluded.token where r.token <= excluded.token
    returning true
  )
  select exists (select from written);
$$;

-- Replaces a text in the source of a function of the product; fails when it is not there any more.
create function faults.plant(p_function regproc, p_text text, p_instead text) returns void
language plpgsql
as $$
declare
  v_source text := pg_get_functiondef(p_function);
begin
  if position(p_text in v_source) = 0 then
    raise exception '% has no such text any more: %', p_function, p_text;
  end if;
  execute replace(v_source, p_text, p_instead);
end
$$;

-- The least that could be called a lock table and a task queue: what the product's functions are measured against.
create schema raw;
create table raw.locks (path text primary key, token bigint not null, holder text, expires_at timestamptz)
  with (fillfactor = 60);
create table raw.tasks (
  task_id bigint generated always as identity primary key, status text not null, title text, token bigint not null default 0
) with (fillfactor = 70);
create index on raw.tasks (task_id) where status = 'ready';

create function raw.acquire(p_path text, p_holder text) returns bigint language plpgsql as $$
declare v_token bigint;
begin
  insert into raw.locks as l values (p_path, 1, p_holder, clock_timestamp() + interval '15 minutes')
  on conflict (path) do update set token = l.token + 1, holder = p_holder, expires_at = clock_timestamp() + interval '15 minutes'
  where l.holder is null or l.expires_at <= clock_timestamp()
  returning token into v_token;
  return v_token;
end $$;

create function raw.release(p_path text, p_holder text) returns boolean language plpgsql as $$
begin
  update raw.locks set holder = null where path = p_path and holder = p_holder;
  return found;
end $$;

create function raw.submit(p_title text) returns bigint language plpgsql as $$
declare v_task_id bigint;
begin
  insert into raw.tasks (status, title) values ('ready', p_title) returning task_id into v_task_id;
  return v_task_id;
end $$;

create function raw.claim(out task_id bigint, out token bigint) language plpgsql as $$
begin
  update raw.tasks t set status = 'claimed', token = t.token + 1
  where t.task_id = (select r.task_id from raw.tasks r where r.status = 'ready' order by r.task_id limit 1 for update skip locked)
  returning t.task_id, t.token into claim.task_id, claim.token;
end $$;

create function raw.complete(p_task_id bigint, p_token bigint) returns boolean language plpgsql as $$
begin
  update raw.tasks t set status = 'done' where t.task_id = p_task_id and t.token = p_token and t.status = 'claimed';
  return found;
end $$;

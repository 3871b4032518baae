-- Locks. One row a path that was ever locked: the token is a column of the row, so a path's tokens only grow. Released
-- rows stay with session_id null until _forget_locks drops them and raises the project's floor. Releasing changes no
-- indexed column, so it is HOT; for the same reason session_id and expires_at have no index.
--
-- Who may have a path is decided in two ways:
--   fast      acquire_lock takes a row by one UPDATE that demands `session_id is null and not guarded`.
--   closely   whatever the row alone cannot tell is decided under an advisory lock, one call of a project at a time: see _take.
-- `guarded` means that the row alone cannot tell: it is a tree or a glob, is shared, or a tree, a glob or somebody who
-- waits overlaps it. Only calls that have the advisory lock insert rows or change `guarded`, and they lock a row before
-- they do, so a fast UPDATE sees either the row as it was before the other call or that it is guarded.
--
-- Lock order: session, task, advisory lock of the project, rows of locks by path ("C" collation), shares, floor.
create table coord.locks (
  project_id integer not null,
  path text collate "C" not null,
  token bigint not null,
  session_id uuid,
  reason text,
  acquired_at timestamptz not null,
  expires_at timestamptz not null,
  guarded boolean not null default false,
  -- The task whose claim took it, and whose end frees it.
  task_id uuid,
  primary key (project_id, path)
) with (fillfactor = 60);

-- Holders of a path that share it. The row of coord.locks keeps the token, has no session_id, and is guarded.
create table coord.lock_shares (
  project_id integer not null,
  path text collate "C" not null,
  session_id uuid not null,
  token bigint not null,
  reason text,
  acquired_at timestamptz not null,
  expires_at timestamptz not null,
  primary key (project_id, path, session_id)
);
create index lock_shares_of_sessions on coord.lock_shares (project_id, session_id);

-- Who waits, first come first served by waiter_id. A waiter that has not asked for 5 s has gone away.
create table coord.lock_waiters (
  project_id integer not null,
  waiter_id bigint generated always as identity,
  session_id uuid not null,
  paths text[] not null,
  shared boolean not null,
  since timestamptz not null default clock_timestamp(),
  asked_at timestamptz not null default clock_timestamp(),
  primary key (project_id, waiter_id)
) with (fillfactor = 60);

-- The trees and globs that may be held: no key finds those that overlap a path. With what their files begin with, and
-- the regular expression for them. Tidied by _serialize_locks.
create table coord.lock_scopes (
  project_id integer not null,
  path text collate "C" not null,
  prefix text collate "C" not null,
  regex text not null,
  primary key (project_id, path)
);

-- No new row of the project gets a token up to this one, because a row that was dropped had it.
create table coord.lock_floors (
  project_id integer primary key,
  token bigint not null
);

alter table coord.locks enable row level security;
alter table coord.lock_shares enable row level security;
alter table coord.lock_waiters enable row level security;
alter table coord.lock_scopes enable row level security;
alter table coord.lock_floors enable row level security;
create policy readers on coord.locks for select
using (project_id in (select coord._readable_projects()));
create policy readers on coord.lock_shares for select
using (project_id in (select coord._readable_projects()));
create policy readers on coord.lock_waiters for select
using (project_id in (select coord._readable_projects()));
grant select on coord.locks, coord.lock_shares, coord.lock_waiters to coord_reader;

-- The board: threads that everybody reads. Posts of a thread are numbered under the lock of its row, without gaps, and
-- never change.
create table coord.threads (
  project_id integer not null,
  thread_id uuid not null,
  title text not null,
  priority text not null check (priority in ('high', 'normal', 'low')),
  status text not null default 'active' check (status in ('active', 'waiting', 'resolved')),
  agent text not null,
  created_at timestamptz not null default clock_timestamp(),
  -- Of the last post or change of status.
  changed_at timestamptz not null default clock_timestamp(),
  posts integer not null default 1,
  primary key (project_id, thread_id)
);

create index threads_by_change on coord.threads (project_id, changed_at, thread_id);

create table coord.thread_posts (
  project_id integer not null,
  thread_id uuid not null,
  post_number integer not null,
  agent text not null,
  session_id uuid not null,
  at timestamptz not null default clock_timestamp(),
  text text not null,
  mentions text[] not null,
  primary key (project_id, thread_id, post_number)
);

alter table coord.threads enable row level security;
alter table coord.thread_posts enable row level security;
create policy readers on coord.threads for select
using (project_id in (select coord._readable_projects()));
create policy readers on coord.thread_posts for select
using (project_id in (select coord._readable_projects()));
grant select on coord.threads, coord.thread_posts to coord_reader;

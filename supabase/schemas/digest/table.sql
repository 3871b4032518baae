-- Where each session last looked with catch_up: the snapshot of that moment. What it saw was told; everything else is
-- news, however late it commits. Numbers of transactions or rows could not say that, and times even less.
create table coord.looks (
  project_id integer not null,
  agent text not null,
  session_id uuid not null,
  looked_at timestamptz not null default clock_timestamp(),
  seen pg_snapshot not null,
  primary key (project_id, agent, session_id)
);

alter table coord.looks enable row level security;

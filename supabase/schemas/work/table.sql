-- Tasks. status: ready → claimed → done | ready (another attempt) | failed; blocked → ready when the last dependency
-- is done. `unmet` counts dependencies that are not done, so the ready index holds only what may be handed out.
-- rank is the time of submission plus an hour for each step of priority: urgent first, and nothing waits for ever.
-- Every later change names task, claim token and status.
-- No CHECK here or on locks and journal: Postgres parses its text
-- anew for each statement, which made submit_work an eighth slower, and only these functions write.
-- Lock order: the task, then its dependents by task_id.
create table coord.tasks (
  project_id integer not null,
  task_id uuid not null,
  type text not null,
  title text not null,
  description text,
  input jsonb,
  priority smallint not null,
  tags text[] not null default '{}',
  status text not null,
  rank timestamptz not null,
  unmet integer not null default 0,
  attempts integer not null default 0,
  max_attempts integer not null,
  claim_token bigint not null default 0,
  claim_session_id uuid,
  claim_expires_at timestamptz,
  lease_seconds integer,
  agent text,
  submitted_by text not null,
  created_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz,
  result jsonb,
  error text,
  primary key (project_id, task_id)
) with (fillfactor = 70);

create index tasks_ready on coord.tasks (project_id, rank, task_id) where status = 'ready';
create index tasks_ready_by_type on coord.tasks (project_id, type, rank, task_id) where status = 'ready';
-- One index for what is looked up by status, because each one that a row might belong to costs every write.
create index tasks_by_status on coord.tasks (project_id, status, task_id) where status in ('claimed', 'blocked', 'failed');

create table coord.task_dependencies (
  project_id integer not null,
  task_id uuid not null,
  depends_on uuid not null,
  primary key (project_id, task_id, depends_on)
);

create index task_dependents on coord.task_dependencies (project_id, depends_on, task_id);

alter table coord.tasks enable row level security;
alter table coord.task_dependencies enable row level security;
create policy readers on coord.tasks for select
using (project_id in (select coord._readable_projects()));
create policy readers on coord.task_dependencies for select
using (project_id in (select coord._readable_projects()));
grant select on coord.tasks, coord.task_dependencies to coord_reader;

-- Tasks. A task waits (ready, blocked by others, or scheduled for later), is claimed, and ends done, failed or
-- cancelled. `unmet` counts dependencies that are not done, `open_subtasks` children that have not ended.
-- rank is the time of submission plus an hour for each step of priority: urgent first, and nothing waits for ever.
-- A task that asks for nothing special is plain: lane is null, and one look at tasks_ready finds it.
-- All others stand in lanes (see _lane), one for each type, set of capabilities and assignee, with paths or without, so
-- that what a caller may not take costs it one probe a lane. due_at is when something must happen to a waiting task by
-- itself.
-- Every later change names task, claim token and status, in the WHERE of the write: whoever comes second, or repeats
-- what a crash may have undone, changes nothing.
-- No CHECK here or on locks and journal: Postgres parses its text
-- anew for each statement, which made submit_work an eighth slower, and only these functions write.
-- Lock order: tasks by task_id, whatever their status, which may change while somebody waits; then the advisory lock for
-- circles, or for locks; then the agent, whose messages and paths are counted. A task is submitted after its parent and, but for those of one batch, after what it depends on: so whoever
-- ends one that has no parent and no older dependents may take it first, and then its dependents.
create type coord.task_terms as (
  capabilities text[],
  paths text[],
  assignee text,
  auto_assign boolean,
  run_after timestamptz,
  deadline timestamptz,
  retry text,
  retry_seconds integer,
  escalate_to text,
  parent_id uuid,
  open_subtasks integer,
  on_dependency_failure text,
  progress jsonb,
  progress_at timestamptz
);

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
  created_at timestamptz not null default current_timestamp,
  finished_at timestamptz,
  result jsonb,
  error text,
  lane text collate "C",
  due_at timestamptz,
  terms coord.task_terms,
  -- Transactions that changed the task: where its history is in the journal.
  trail xid8[] not null default array[pg_current_xact_id()],
  primary key (project_id, task_id)
) with (fillfactor = 70);

-- Each index costs every write, even one whose condition the row does not meet, and its condition is planned anew for
-- each statement: so they are few, and their conditions are simple.
-- Plain tasks come last in tasks_ready, because their lane is null. Who looks for them orders by lane, too: Postgres does
-- not see that it is the same for all, and would sort.
create index tasks_ready on coord.tasks (project_id, lane, rank, task_id) where status = 'ready';
create index tasks_by_status on coord.tasks (project_id, status, due_at, task_id)
where status <> 'done' and (status <> 'ready' or due_at is not null);
-- None finds the claims of a session: Postgres would take it for each completion, too, and go through all of them.

create table coord.task_dependencies (
  project_id integer not null,
  task_id uuid not null,
  depends_on uuid not null,
  primary key (project_id, task_id, depends_on)
);

create index task_dependents on coord.task_dependencies (project_id, depends_on, task_id);

-- Which tasks have a parent: instead of an index that every task would pay for.
create table coord.subtasks (
  project_id integer not null,
  parent_id uuid not null,
  task_id uuid not null,
  primary key (project_id, parent_id, task_id)
);

alter table coord.tasks enable row level security;
alter table coord.task_dependencies enable row level security;
alter table coord.subtasks enable row level security;
create policy readers on coord.tasks for select
using (project_id in (select coord._readable_projects()));
create policy readers on coord.task_dependencies for select
using (project_id in (select coord._readable_projects()));
create policy readers on coord.subtasks for select
using (project_id in (select coord._readable_projects()));
grant select on coord.tasks, coord.task_dependencies, coord.subtasks to coord_reader;

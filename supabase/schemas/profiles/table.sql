-- Profiles: the most that an agent may do. A profile takes away from what a credential gives, and never adds to it. An
-- agent has the profile that it is assigned, else that of its kind, else the one named default (see _authority). What
-- follows from it stands in the row of each session, so that a call finds it with the one look it takes anyway; whoever
-- changes profiles brings the living sessions up to date (see _apply_profiles).
create table coord.profiles (
  project_id integer not null,
  profile text not null check (length(profile) between 1 and 64),
  description text,
  trust smallint not null check (trust between 0 and 4),
  -- Names of operations and toolsets, `read` and `write`; null allows all. See _operation_words.
  allowed_operations text[],
  blocked_operations text[],
  calls_per_hour integer check (calls_per_hour >= 1),
  max_locks integer check (max_locks >= 0),
  max_files integer check (max_files >= 0),
  session_seconds integer check (session_seconds >= 60),
  set_by text,
  set_at timestamptz not null default clock_timestamp(),
  primary key (project_id, profile)
);

create table coord.profile_assignments (
  project_id integer not null,
  kind text not null check (kind in ('agent', 'agent_type')),
  name text not null check (length(name) between 1 and 128),
  profile text not null,
  assigned_by text not null,
  assigned_at timestamptz not null default clock_timestamp(),
  primary key (project_id, kind, name),
  foreign key (project_id, profile) references coord.profiles
);

-- Agents that may do nothing for now, with their subagents.
create table coord.suspensions (
  project_id integer not null,
  agent text not null check (length(agent) between 1 and 128),
  reason text,
  suspended_by text not null,
  suspended_at timestamptz not null default clock_timestamp(),
  primary key (project_id, agent)
);

-- Of agents with limits only: their calls in the hour that began with `since`. The row is also what the calls of such an
-- agent queue at, so that its limits hold exactly; every call locks it before anything that others wait for.
create table coord.agent_usage (
  project_id integer not null,
  agent text not null,
  calls integer not null,
  since timestamptz not null,
  primary key (project_id, agent)
);

-- Of agents whose files are limited: those that they have locked alone, and when last.
create table coord.agent_files (
  project_id integer not null,
  agent text not null,
  path text not null,
  locked_at timestamptz not null,
  primary key (project_id, agent, path)
);

alter table coord.profiles enable row level security;
alter table coord.profile_assignments enable row level security;
alter table coord.suspensions enable row level security;
alter table coord.agent_usage enable row level security;
alter table coord.agent_files enable row level security;
create policy readers on coord.profiles for select
using (project_id in (select coord._member_projects()));
create policy readers on coord.profile_assignments for select
using (project_id in (select coord._member_projects()));
create policy readers on coord.suspensions for select
using (project_id in (select coord._member_projects()));
grant select on coord.profiles, coord.profile_assignments, coord.suspensions to coord_reader;

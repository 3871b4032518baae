-- What one session leaves for the next. Agents write them; for a session that ended without one, and had done
-- something, it is put together from the journal (automatic). Such a one has the id of its session, so that there is
-- one at most.
create table coord.handoffs (
  project_id integer not null,
  handoff_id uuid not null,
  session_id uuid not null,
  agent text not null,
  agent_type text not null,
  automatic boolean not null default false,
  created_at timestamptz not null default clock_timestamp(),
  summary text not null,
  completed text[] not null default '{}',
  in_progress text[] not null default '{}',
  decisions text[] not null default '{}',
  next_steps text[] not null default '{}',
  relevant_files text[] not null default '{}',
  primary key (project_id, handoff_id)
);

create index handoffs_newest on coord.handoffs (project_id, created_at);
create index handoffs_written on coord.handoffs (project_id, created_at) where not automatic;
create index handoffs_of_agent on coord.handoffs (project_id, agent, created_at);

alter table coord.handoffs enable row level security;
create policy readers on coord.handoffs for select
using (project_id in (select coord._readable_projects()));
grant select on coord.handoffs to coord_reader;

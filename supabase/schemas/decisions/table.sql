-- What was decided, and why; for whoever asks later. Never changed, and kept.
create table coord.decisions (
  project_id integer not null,
  decision_id uuid not null,
  at timestamptz not null default clock_timestamp(),
  agent text not null,
  session_id uuid not null,
  type text not null,
  context text not null,
  reason text not null,
  primary key (project_id, decision_id)
);

alter table coord.decisions enable row level security;
create policy readers on coord.decisions for select
using (project_id in (select coord._readable_projects()));
grant select on coord.decisions to coord_reader;

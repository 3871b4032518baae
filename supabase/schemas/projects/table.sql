-- Everything belongs to a project, and project_id leads every key and index. Projects themselves and API keys are
-- looked up before the project is known. Hot tables carry no foreign key to it: the check would take a share lock on
-- one row that all callers need.
create table coord.projects (
  project_id integer generated always as identity primary key,
  name text not null unique check (length(name) between 1 and 200),
  is_public boolean not null default false,
  -- Tokens for reading carry it; one more makes all that were issued before worthless.
  read_token_version integer not null default 1,
  created_at timestamptz not null default clock_timestamp()
);

-- People who may read a project in a dashboard: ids of Supabase users.
create table coord.project_members (
  project_id integer not null references coord.projects,
  user_id uuid not null,
  added_by text,
  added_at timestamptz not null default clock_timestamp(),
  primary key (project_id, user_id)
);

alter table coord.projects enable row level security;
alter table coord.project_members enable row level security;
create policy readers on coord.projects for select
using (project_id in (select coord._readable_projects()));
-- Who is a member concerns members alone, also where the project is public.
create policy readers on coord.project_members for select
using (project_id in (select coord._member_projects()));
grant select on coord.projects, coord.project_members to coord_reader;

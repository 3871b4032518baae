-- Cedar policies as administrators have stored them. Each change makes the next version of the whole set of a project,
-- {name: text}; the newest is in force. Project 0 stands for all projects. Texts are evaluated outside the database, by
-- every process that has POLICY_ENGINE=cedar. No reader may see them: who may do what is a map for attackers.
create table coord.cedar_policies (
  project_id integer not null,
  version integer not null,
  policies jsonb not null,
  -- What this version changed, in words: set x, delete x, rollback to 3.
  change text not null,
  set_by text not null,
  set_at timestamptz not null default clock_timestamp(),
  primary key (project_id, version)
);

alter table coord.cedar_policies enable row level security;

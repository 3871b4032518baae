-- Which hosts agents may reach. Project 0 stands for all projects. A rule is about one agent, those with a profile, a
-- kind of agents, or all.
-- Nobody decides by reading these rows himself, and no reader may see them: see check_network.
create table coord.network_rules (
  project_id integer not null,
  rule text not null,
  action text not null check (action in ('allow', 'deny')),
  -- As it was written, in its one form: a name, *.name for what is below it, * for any name, an address or a network.
  pattern text not null,
  -- The part that is compared: of *.name the name, of an address its network.
  kind text not null check (kind in ('any', 'below', 'name', 'network')),
  name text,
  network inet,
  -- More is narrower.
  specificity smallint not null,
  priority smallint not null check (priority between 0 and 100),
  agent text,
  profile text,
  agent_type text,
  set_by text not null,
  set_at timestamptz not null default clock_timestamp(),
  primary key (project_id, rule)
);

-- What was decided: one row an hour for each agent, host and verdict, with a count, so that a busy agent writes few.
-- Of more than 200 hosts in an hour an agent's further ones are counted together, as host ''. Kept for 30 days.
create table coord.network_decisions (
  project_id integer not null,
  hour timestamptz not null,
  agent text not null,
  host text not null,
  allowed boolean not null,
  -- The rule that decided last; null for none.
  rule text,
  requests integer not null default 1,
  last_at timestamptz not null default clock_timestamp(),
  primary key (project_id, hour, agent, host, allowed)
);

alter table coord.network_rules enable row level security;
alter table coord.network_decisions enable row level security;

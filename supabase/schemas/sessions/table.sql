-- Agents by name, and their runs. The holder of a lock or a claim is a session, never a name. A session that beats
-- lapses when its lease does; the others have a lease as long as their key, and hold by TTLs alone. A session with a
-- label is a standing one: at most one lives for each agent and label, so that callers who cannot remember anything (a
-- key without session, one shell command after the other) stay the same holder.
create table coord.agents (
  project_id integer not null,
  agent text not null check (length(agent) between 1 and 128),
  agent_type text not null,
  created_at timestamptz not null default clock_timestamp(),
  -- Paths never locked before that it locked since then; see _full_until.
  new_paths integer not null default 0,
  new_paths_since timestamptz not null default '-infinity',
  -- What it has written to others since then; see _silent_until.
  messages integer not null default 0,
  messages_since timestamptz not null default '-infinity',
  primary key (project_id, agent)
);

create table coord.sessions (
  project_id integer not null,
  session_id uuid not null,
  agent text not null,
  agent_type text not null,
  -- What it may do: the least of what its credential and its profile give; see _authority.
  trust smallint not null check (trust between 0 and 4),
  key_id text,
  -- The p_caller of its calls, when they say no more than who calls; see _caller_of.
  caller jsonb not null,
  label text,
  capabilities text[] not null default '{}',
  working_on text,
  beats boolean not null,
  -- When the key expires, or the time is over that the profile gives a session; no lease reaches further.
  valid_until timestamptz not null default 'infinity',
  lease_expires_at timestamptz not null,
  -- Until then a call need not look whether the session lives: 5 s from the last look; -infinity once it has ended.
  fresh_until timestamptz not null,
  started_at timestamptz not null default clock_timestamp(),
  last_call_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  -- For the handoff that is made from the journal.
  end_reason text,
  -- Where its journal begins, and, from its end until its handoff has been seen to, where it ends; see _make_handoffs.
  began_xact xid8 not null default pg_current_xact_id(),
  handoff_xact xid8,
  -- What the credential says, whatever a call says: _authority begins with it.
  granted_trust smallint not null,
  granted_type text not null,
  -- What _restrict looks at; null for most. Who has some is never fresh, so that each call is looked at closely.
  restrictions jsonb,
  -- Of a subagent: the session that opened it, and the agent on whose behalf both work.
  parent_session_id uuid,
  delegated_from text,
  primary key (project_id, session_id)
) with (fillfactor = 50);

-- No index holds a column that a heartbeat writes, so heartbeats stay HOT.
-- For _enter: the whole of p_caller is one value, where project and session would first have to be taken out of it.
create index sessions_by_caller on coord.sessions using hash (caller);
create unique index sessions_standing on coord.sessions (project_id, agent, label) where ended_at is null and label is not null;
create index sessions_live on coord.sessions (project_id, agent) where ended_at is null;
create index sessions_of_parents on coord.sessions (project_id, parent_session_id)
where ended_at is null and parent_session_id is not null;
create index sessions_without_handoff on coord.sessions (project_id, handoff_xact) where handoff_xact is not null;

-- What a session is told with its next real call: that a lock of its was forced away, and the like.
create table coord.notices (
  project_id integer not null,
  notice_id bigint generated always as identity,
  session_id uuid not null,
  at timestamptz not null default clock_timestamp(),
  notice jsonb not null,
  told_at timestamptz,
  primary key (project_id, notice_id)
);

create index notices_untold on coord.notices (project_id, session_id) where told_at is null;

alter table coord.notices enable row level security;

alter table coord.agents enable row level security;
alter table coord.sessions enable row level security;
create policy readers on coord.agents for select
using (project_id in (select coord._readable_projects()));
create policy readers on coord.sessions for select
using (project_id in (select coord._readable_projects()));
-- Of a public project everybody reads them, so what a key is, may and has used up is in no column that is granted.
grant select (project_id, agent, agent_type, created_at) on coord.agents to coord_reader;
grant select (project_id, session_id, agent, agent_type, capabilities, working_on, beats, lease_expires_at, started_at,
  last_call_at, ended_at, parent_session_id, delegated_from) on coord.sessions to coord_reader;

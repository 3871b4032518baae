-- Approvals: what an agent asks before it does something, for exactly this payload. A row is pending until it is
-- decided once, or until expires_at has passed: who reads the status asks _approval_status, because the sweeper writes
-- 'expired' later. An approved one is used once, within a day of the decision.
create table coord.approvals (
  project_id integer not null,
  approval_id uuid not null,
  action_type text not null,
  description text not null,
  payload jsonb not null,
  -- Of the text of the payload as jsonb prints it, which is the same for the same content.
  payload_hash text not null,
  risk text not null check (risk in ('low', 'medium', 'high')),
  requested_by text not null,
  session_id uuid not null,
  -- What the requester calls with, see _credentials: whoever shares one of them may not decide.
  credentials text[] not null,
  requested_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  status text not null default 'pending' check (status in ('pending', 'approved', 'denied', 'expired')),
  decided_at timestamptz,
  decided_by text,
  decided_via text check (decided_via in ('session', 'link', 'rule')),
  reason text,
  used_at timestamptz,
  primary key (project_id, approval_id)
);

create index approvals_pending on coord.approvals (project_id, expires_at) where status = 'pending';

-- What is approved without asking anybody. Set by an administrator, never for himself.
create table coord.approval_rules (
  project_id integer not null,
  rule text not null,
  action_type text not null,
  agent text,
  agent_type text,
  max_risk text not null check (max_risk in ('low', 'medium', 'high')),
  set_by text not null,
  credentials text[] not null,
  set_at timestamptz not null default clock_timestamp(),
  primary key (project_id, rule)
);

-- Links with which a person decides without a login. Each try to send one makes another, and all of them end with the
-- decision. Only the hash of the token is kept, so who reads this table cannot decide.
create table coord.approval_links (
  project_id integer not null,
  token_hash text not null,
  approval_id uuid not null,
  made_at timestamptz not null default clock_timestamp(),
  primary key (project_id, token_hash)
);

-- Outbox of the webhook: one row an approval that waits for a person, sent until it was taken or is not needed.
create table coord.approval_webhooks (
  project_id integer not null,
  approval_id uuid not null,
  due_at timestamptz not null default clock_timestamp(),
  attempts integer not null default 0,
  -- When it was taken, given up, or not needed any more.
  settled_at timestamptz,
  outcome text check (outcome in ('delivered', 'given_up', 'obsolete')),
  last_error text,
  primary key (project_id, approval_id)
);

create index approval_webhooks_due on coord.approval_webhooks (project_id, due_at) where settled_at is null;

alter table coord.approvals enable row level security;
alter table coord.approval_rules enable row level security;
alter table coord.approval_links enable row level security;
alter table coord.approval_webhooks enable row level security;
-- A payload may name what a public project keeps to itself.
create policy readers on coord.approvals for select
using (project_id in (select coord._member_projects()));
create policy readers on coord.approval_rules for select
using (project_id in (select coord._member_projects()));
grant select on coord.approvals, coord.approval_rules to coord_reader;

-- GENERATED from supabase/schemas by `npm run db:migration`; do not edit.

-- schema.sql
-- Schema coord and its four roles.
--   coord_owner   owns everything; operations run as it (security definer). Nobody logs in as it.
--   coord_app     may execute operations, touches no table: what servers and local processes act as.
--   coord_reader  may read rows of its projects through row-level security: dashboards.
-- On Supabase, service_role may do what coord_app may, anon and authenticated what coord_reader may: see supabase.sql.
-- Roles belong to the whole server, so another database of it may have made them already, or be making them now.
do $$
declare
  v_role text;
begin
  foreach v_role in array array['coord_owner', 'coord_app', 'coord_reader'] loop
    begin
      if not exists (select from pg_catalog.pg_roles where rolname = v_role) then
        execute format('create role %I nologin', v_role);
      end if;
    exception when duplicate_object or unique_violation then null;
    end;
    begin
      -- Needed by a migrating role that is no superuser: from Postgres 16 on, creating a role is not yet being it.
      execute format('grant %I to %I', v_role, current_user);
    exception when insufficient_privilege or unique_violation then null;
    end;
  end loop;
end
$$;

create schema coord authorization coord_owner;

set role coord_owner;

grant usage on schema coord to coord_app, coord_reader;
alter default privileges revoke execute on functions from public;

-- frame/_call.sql
-- One call on its way through the frame: who calls, and the answer if the frame already has it. _enter fills it by one
-- SELECT with just these columns. Each column is paid for by every call, so what few calls need is in extra, which is
-- null for the others: {"idempotency_key": …, "notices": […], "limits": {…}}. What few operations need they look up:
-- trust by _trust, the key in p_caller.
create type coord._call as (
  project_id integer,
  session_id uuid,
  agent text,
  operation text,
  extra jsonb,
  answer jsonb
);

-- projects/_member_projects.sql
-- Projects whose confidential rows the asking dashboard may see, however public they are: those its user is a member
-- of, and the one its token was issued for (create_read_token). Both stand in the token that PostgREST has verified;
-- nobody else can set it for a reader, and users of Supabase cannot write claims of the first level. A token is worth
-- nothing once it has expired by the clock of the database, or the project has made its tokens worthless. The policies
-- of the tables use it, so it is made before them, which plpgsql allows.
create function coord._member_projects() returns setof integer
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_claims jsonb := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
begin
  if v_claims ->> 'sub' ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    return query select m.project_id from coord.project_members m where m.user_id = (v_claims ->> 'sub')::uuid;
  end if;
  if v_claims @? '$.coord_project ? (@.id.type() == "number" && @.version.type() == "number") ' then
    return query
      select p.project_id from coord.projects p
      where p.project_id = (v_claims #>> '{coord_project,id}')::integer
        and p.read_token_version = (v_claims #>> '{coord_project,version}')::integer
        and to_timestamp((v_claims ->> 'exp')::double precision) > clock_timestamp();
  end if;
end
$$;

grant execute on function coord._member_projects to coord_reader;

-- projects/_readable_projects.sql
-- Projects whose rows the asking dashboard may see: those its user is a member of, and public ones.
create function coord._readable_projects() returns setof integer
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    select m.project_id from coord._member_projects() m(project_id)
    union
    select p.project_id from coord.projects p where p.is_public;
end
$$;

grant execute on function coord._readable_projects to coord_reader;

-- journal/_is_open.sql
-- True for journal rows that everybody may read where the project is public: what was done with locks, tasks, threads,
-- decisions, handoffs and sessions. Refusals tell what somebody tried, and what is not listed is for members; so a new
-- operation stays with them until somebody thinks about it. Parsed when it is made: a reader with a search path of his
-- own cannot give the operators in it another meaning.
create function coord._is_open(p_operation text, p_outcome text) returns boolean
language sql immutable
return
  p_outcome in ('ok', 'held', 'lapsed', 'assigned', 'unassigned', 'escalated')
    and p_operation in ('acquire_lock', 'release_lock', 'force_release_lock', 'submit_work', 'submit_work_batch',
      'get_work', 'get_work_batch', 'complete_work', 'release_task', 'report_progress', 'cancel_task', 'retry_task',
      'register_session', 'end_session', 'create_thread', 'reply_to_thread', 'set_thread_status', 'log_decision',
      'write_handoff', 'sweep');

grant execute on function coord._is_open to coord_reader;

-- projects/table.sql
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

-- approvals/table.sql
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

-- decisions/table.sql
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

-- digest/table.sql
-- Where each session last looked with catch_up: the snapshot of that moment. What it saw was told; everything else is
-- news, however late it commits. Numbers of transactions or rows could not say that, and times even less.
create table coord.looks (
  project_id integer not null,
  agent text not null,
  session_id uuid not null,
  looked_at timestamptz not null default clock_timestamp(),
  seen pg_snapshot not null,
  primary key (project_id, agent, session_id)
);

alter table coord.looks enable row level security;

-- frame/table.sql
-- Answers kept for callers that repeat a call with the same idempotency key. Kept for 48 hours (see _forget).
create table coord.idempotency_keys (
  project_id integer not null,
  agent text not null,
  key text not null,
  operation text not null,
  session_id uuid not null,
  input_hash bytea not null,
  answer jsonb,
  created_at timestamptz not null default clock_timestamp(),
  primary key (project_id, agent, key)
);

alter table coord.idempotency_keys enable row level security;

-- One row: when somebody last swept, and whether sweeps followed each other steadily until then. A gap after steady
-- sweeps means that the database was down or the host slept; see _resume.
create table coord.pulse (
  only_one boolean primary key default true check (only_one),
  swept_at timestamptz not null default '-infinity',
  is_steady boolean not null default false
);
insert into coord.pulse default values;
alter table coord.pulse enable row level security;

-- guardrails/table.sql
-- Rules of a project: its own, with a pattern, and built-in ones that it has made lighter or heavier, without.
create table coord.guardrail_rules (
  project_id integer not null,
  rule text not null,
  pattern text,
  category text not null,
  severity text not null check (severity in ('log', 'warn', 'needs_approval', 'block')),
  bypass_trust smallint check (bypass_trust between 0 and 4),
  message text,
  advice text,
  set_by text not null,
  set_at timestamptz not null default clock_timestamp(),
  primary key (project_id, rule)
);

-- How often the rules of a project were changed. Its row is locked by each change, so versions follow one another.
create table coord.guardrail_versions (
  project_id integer not null primary key,
  version integer not null
);

-- What fell under a rule, with the part that did, shortened and without secrets. Kept for 90 days, see _record_violations.
create table coord.guardrail_violations (
  project_id integer not null,
  violation_id uuid not null,
  at timestamptz not null default clock_timestamp(),
  session_id uuid not null,
  agent text not null,
  operation text not null,
  rule text not null,
  category text not null,
  severity text not null,
  bypassed boolean not null,
  verdict text not null,
  matched_text text not null,
  rules_version text not null,
  primary key (project_id, violation_id)
);
create index guardrail_violations_by_time on coord.guardrail_violations (project_id, at);

alter table coord.guardrail_rules enable row level security;
alter table coord.guardrail_versions enable row level security;
alter table coord.guardrail_violations enable row level security;
-- How a project is guarded, and what was tried, is for those who work in it.
create policy readers on coord.guardrail_rules for select
using (project_id in (select coord._member_projects()));
create policy readers on coord.guardrail_violations for select
using (project_id in (select coord._member_projects()));
grant select on coord.guardrail_rules, coord.guardrail_violations to coord_reader;

-- handoffs/table.sql
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

-- journal/table.sql
-- The one journal: audit trail, history and event stream are readings of it. Each state change and each refusal is
-- exactly one row, written in its own transaction. Readers that follow it use (xact_id, entry_id) below _horizon:
-- entry_id alone would skip rows of transactions that commit late.
create table coord.journal (
  project_id integer not null,
  xact_id xid8 not null default pg_current_xact_id(),
  entry_id bigint generated always as identity,
  -- Of the call and of its end, at the database: how long it took.
  started_at timestamptz not null default current_timestamp,
  at timestamptz not null default clock_timestamp(),
  session_id uuid,
  agent text,
  operation text not null,
  outcome text not null,
  resource text not null,
  detail jsonb,
  primary key (project_id, xact_id, entry_id)
);

create function coord._refuse_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception 'the journal is append-only' using errcode = 'DNIED', hint = 'Write a new entry instead.';
end
$$;

-- Rows may go when they were sealed, exported and proved to be what was sealed (see coord.segments), and no others,
-- whoever asks.
create function coord._keep_entry() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  if coord._is_exported(old.project_id, old.xact_id, old.entry_id) then return old; end if;
  raise exception 'the journal is append-only' using errcode = 'DNIED',
    hint = 'Rows that are old enough go with agentcoord audit export --drop.';
end
$$;

create trigger append_only before update on coord.journal
for each row execute function coord._refuse_change();
create trigger kept before delete on coord.journal
for each row execute function coord._keep_entry();
create trigger append_only_truncate before truncate on coord.journal
for each statement execute function coord._refuse_change();

-- Up to where a project's journal is no longer replayed: the newest row older than 30 days, when somebody last looked
-- (see _move_floors). Readers whose cursor lies before it have lost rows, and are told so. It only moves forward.
create table coord.journal_floors (
  project_id integer primary key,
  xact_id xid8 not null,
  entry_id bigint not null,
  moved_at timestamptz not null default clock_timestamp()
);
alter table coord.journal_floors enable row level security;

alter table coord.journal enable row level security;
create policy readers on coord.journal for select
using (project_id in (select coord._readable_projects())
  and (coord._is_open(operation, outcome) or project_id in (select coord._member_projects())));
grant select on coord.journal to coord_reader;

-- keys/table.sql
-- API keys. Only a hash of the secret is kept; the key is random, so a fast hash is enough. No reader may see this
-- table. key_id is looked up before the project is known.
create table coord.api_keys (
  key_id text primary key check (key_id ~ '^[a-z0-9]{12}$'),
  project_id integer not null references coord.projects,
  secret_hash text not null,
  agent text not null,
  agent_type text not null,
  trust smallint not null check (trust between 0 and 4),
  -- Names of operations and toolsets, `read` and `write`; null for all that the trust allows. See _operation_words.
  scopes text[],
  description text,
  -- The agent that made it, and its key; null when a person of the machine did. See _credentials.
  made_by text not null,
  made_with text,
  -- The key that it follows; see rotate_key.
  rotated_from text,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz,
  revoked_at timestamptz
);

create index api_keys_by_project on coord.api_keys (project_id, created_at);
alter table coord.api_keys enable row level security;

-- locks/table.sql
-- Locks. One row a path that was ever locked: the token is a column of the row, so a path's tokens only grow. Released
-- rows stay with session_id null until _forget_locks drops them and raises the project's floor. Releasing changes no
-- indexed column, so it is HOT; for the same reason session_id and expires_at have no index.
--
-- Who may have a path is decided in two ways:
--   fast      acquire_lock takes a row by one UPDATE that demands `session_id is null and not guarded`.
--   closely   whatever the row alone cannot tell is decided under an advisory lock, one call of a project at a time: see _take.
-- `guarded` means that the row alone cannot tell: it is a tree or a glob, is shared, or a tree, a glob or somebody who
-- waits overlaps it. Only calls that have the advisory lock insert rows or change `guarded`, and they lock a row before
-- they do, so a fast UPDATE sees either the row as it was before the other call or that it is guarded.
--
-- Lock order: session, task, advisory lock of the project, rows of locks by path ("C" collation), shares, floor.
create table coord.locks (
  project_id integer not null,
  path text collate "C" not null,
  token bigint not null,
  session_id uuid,
  reason text,
  acquired_at timestamptz not null,
  expires_at timestamptz not null,
  guarded boolean not null default false,
  -- The task whose claim took it, and whose end frees it.
  task_id uuid,
  primary key (project_id, path)
) with (fillfactor = 60);

-- Holders of a path that share it. The row of coord.locks keeps the token, has no session_id, and is guarded.
create table coord.lock_shares (
  project_id integer not null,
  path text collate "C" not null,
  session_id uuid not null,
  token bigint not null,
  reason text,
  acquired_at timestamptz not null,
  expires_at timestamptz not null,
  primary key (project_id, path, session_id)
);
create index lock_shares_of_sessions on coord.lock_shares (project_id, session_id);

-- Who waits, first come first served by waiter_id. A waiter that has not asked for 5 s has gone away.
create table coord.lock_waiters (
  project_id integer not null,
  waiter_id bigint generated always as identity,
  session_id uuid not null,
  paths text[] not null,
  shared boolean not null,
  since timestamptz not null default clock_timestamp(),
  asked_at timestamptz not null default clock_timestamp(),
  primary key (project_id, waiter_id)
) with (fillfactor = 60);

-- The trees and globs that may be held: no key finds those that overlap a path. With what their files begin with, and
-- the regular expression for them. Tidied by _serialize_locks.
create table coord.lock_scopes (
  project_id integer not null,
  path text collate "C" not null,
  prefix text collate "C" not null,
  regex text not null,
  primary key (project_id, path)
);

-- No new row of the project gets a token up to this one, because a row that was dropped had it.
create table coord.lock_floors (
  project_id integer primary key,
  token bigint not null
);

alter table coord.locks enable row level security;
alter table coord.lock_shares enable row level security;
alter table coord.lock_waiters enable row level security;
alter table coord.lock_scopes enable row level security;
alter table coord.lock_floors enable row level security;
create policy readers on coord.locks for select
using (project_id in (select coord._readable_projects()));
create policy readers on coord.lock_shares for select
using (project_id in (select coord._readable_projects()));
create policy readers on coord.lock_waiters for select
using (project_id in (select coord._readable_projects()));
grant select on coord.locks, coord.lock_shares, coord.lock_waiters to coord_reader;

-- messages/table.sql
-- The inbox. An item is written once, whoever it is for: one agent (all its sessions, or the named one) or, when agent
-- is '', everybody. Who has read what is in receipts, so items are never changed, and nobody's reading takes an item
-- away from another session. Kept 30 days (see _forget_messages).
create table coord.inbox_items (
  project_id integer not null,
  item_id uuid not null,
  -- The floors of readers are of these: ids grow before their transactions commit, so they could not be ids.
  xact_id xid8 not null default pg_current_xact_id(),
  at timestamptz not null default clock_timestamp(),
  agent text not null,
  session_id uuid,
  -- Who wrote it, when a session did: it is not told its own words.
  from_session_id uuid,
  kind text not null,
  subject text,
  item jsonb not null,
  primary key (project_id, item_id)
);

create index inbox_items_for on coord.inbox_items (project_id, agent, xact_id, item_id);

-- An item that a session has read. Sessions of its agent that begin later need not read it again.
create table coord.inbox_receipts (
  project_id integer not null,
  item_id uuid not null,
  agent text not null,
  session_id uuid not null,
  at timestamptz not null default clock_timestamp(),
  primary key (project_id, item_id, agent, session_id)
);

-- Where a session need not look any more: below the floor it has nothing unread, and nothing can appear there. Saves
-- work, and nothing else: without its row a session looks at all items.
create table coord.inbox_readers (
  project_id integer not null,
  session_id uuid not null,
  agent text not null,
  started_at timestamptz not null,
  -- When its agent was first heard of.
  joined_at timestamptz not null,
  floor xid8 not null,
  primary key (project_id, session_id)
);

alter table coord.inbox_items enable row level security;
alter table coord.inbox_receipts enable row level security;
alter table coord.inbox_readers enable row level security;
-- What one agent writes to another is for the project alone, also where the project is public.
create policy readers on coord.inbox_items for select
using (project_id in (select coord._member_projects()));
grant select on coord.inbox_items to coord_reader;

-- network/table.sql
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

-- policies/table.sql
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

-- profiles/table.sql
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

-- seals/table.sql
-- Proof that the journal is what it was. A seal stands for up to 1,000 rows of a project's journal that follow each
-- other, and holds a hash over them and over the seal before it: whoever has the hash of one seal can tell whether
-- anything up to there was changed. docs/audit.md says what is hashed, byte by byte.
-- Its rows are those after the last row of the seal before it, up to its own last row.
create table coord.seals (
  project_id integer not null,
  -- 1, 2, 3 … without a gap.
  seal_number integer not null,
  first_xact_id xid8 not null,
  first_entry_id bigint not null,
  last_xact_id xid8 not null,
  last_entry_id bigint not null,
  row_count integer not null,
  -- Of all seals up to this one.
  total_rows bigint not null,
  sealed_at timestamptz not null,
  -- Over the leaves of its rows.
  rows_hash bytea not null,
  previous_hash bytea not null,
  seal_hash bytea not null,
  primary key (project_id, seal_number)
);

-- Of each row of a seal its key and its hash, 48 bytes: with them the first row that is not as it was has a name.
create table coord.seal_leaves (
  project_id integer not null,
  seal_number integer not null,
  leaves bytea not null,
  primary key (project_id, seal_number)
);
-- Hashes cannot be compressed.
alter table coord.seal_leaves alter column leaves set storage external;

create trigger append_only before update or delete on coord.seals
for each row execute function coord._refuse_change();
create trigger append_only_truncate before truncate on coord.seals
for each statement execute function coord._refuse_change();
-- They go with the rows of an exported segment.
create function coord._keep_leaves() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  if old.seal_number <= coord._dropped_through(old.project_id) then return old; end if;
  raise exception 'the journal is append-only' using errcode = 'DNIED', hint = 'Leaves go with the rows of their seal.';
end
$$;

create trigger append_only before update on coord.seal_leaves
for each row execute function coord._refuse_change();
create trigger kept before delete on coord.seal_leaves
for each row execute function coord._keep_leaves();
create trigger append_only_truncate before truncate on coord.seal_leaves
for each statement execute function coord._refuse_change();

alter table coord.seals enable row level security;
alter table coord.seal_leaves enable row level security;

-- Rows that were exported to a file and dropped: whole seals, from the one after the last segment on. The seals stay,
-- so the chain goes on over the gap. A row here is what allows the journal to let go of rows (see _keep_entry), so it is
-- looked at before it is written, whoever writes it (see _prove_segment), and stays for ever.
create table coord.segments (
  project_id integer not null,
  first_seal integer not null,
  last_seal integer not null,
  last_xact_id xid8 not null,
  last_entry_id bigint not null,
  row_count integer not null,
  -- SHA-256 of the file, as whoever wrote it says.
  file_hash bytea not null check (length(file_hash) = 32),
  agent text not null,
  session_id uuid not null,
  dropped_at timestamptz not null default clock_timestamp(),
  primary key (project_id, last_seal)
);

create trigger append_only before update or delete on coord.segments
for each row execute function coord._refuse_change();
create trigger append_only_truncate before truncate on coord.segments
for each statement execute function coord._refuse_change();

alter table coord.segments enable row level security;

-- sessions/table.sql
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

-- threads/table.sql
-- The board: threads that everybody reads. Posts of a thread are numbered under the lock of its row, without gaps, and
-- never change.
create table coord.threads (
  project_id integer not null,
  thread_id uuid not null,
  title text not null,
  priority text not null check (priority in ('high', 'normal', 'low')),
  status text not null default 'active' check (status in ('active', 'waiting', 'resolved')),
  agent text not null,
  created_at timestamptz not null default clock_timestamp(),
  -- Of the last post or change of status.
  changed_at timestamptz not null default clock_timestamp(),
  posts integer not null default 1,
  primary key (project_id, thread_id)
);

create index threads_by_change on coord.threads (project_id, changed_at, thread_id);

create table coord.thread_posts (
  project_id integer not null,
  thread_id uuid not null,
  post_number integer not null,
  agent text not null,
  session_id uuid not null,
  at timestamptz not null default clock_timestamp(),
  text text not null,
  mentions text[] not null,
  primary key (project_id, thread_id, post_number)
);

alter table coord.threads enable row level security;
alter table coord.thread_posts enable row level security;
create policy readers on coord.threads for select
using (project_id in (select coord._readable_projects()));
create policy readers on coord.thread_posts for select
using (project_id in (select coord._readable_projects()));
grant select on coord.threads, coord.thread_posts to coord_reader;

-- work/table.sql
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

-- sessions/_holds.sql
-- Whether a session keeps others from what it took: while it lives, and two seconds more after its lease, so that what
-- a dying process still writes does not meet the next holder's work. An orderly end frees at once. Inlined into
-- queries; false for null, as after a join that found none.
create function coord._holds(p_ended_at timestamptz, p_lease_expires_at timestamptz) returns boolean
language sql volatile
as $$
  select p_ended_at is null and coalesce(p_lease_expires_at > clock_timestamp() - interval '2 seconds', false);
$$;

-- journal/_resource_id.sql
-- The id in a journal row's resource (task:<id>) if it is of that kind; null for anything else, whatever it looks like.
create function coord._resource_id(p_resource text, p_kind text) returns uuid
language sql immutable
as $$
  select case when p_resource ~ '^[a-z]+:[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' and split_part(p_resource, ':', 1) = p_kind
    then split_part(p_resource, ':', 2)::uuid end;
$$;

-- approvals/_add_approval.sql
-- Writes an approval: decided when a rule does so (p_rule, else null), else with its row in the outbox of the webhook.
create function coord._add_approval(
  p_call coord._call, p_action_type text, p_description text, p_payload jsonb, p_hash text, p_risk text,
  p_seconds integer, p_credentials text[], p_rule text
) returns coord.approvals
language plpgsql volatile
as $$
declare
  v_now timestamptz := clock_timestamp();
  v_approval coord.approvals;
begin
  insert into coord.approvals (project_id, approval_id, action_type, description, payload, payload_hash, risk,
    requested_by, session_id, credentials, requested_at, expires_at, status, decided_at, decided_by, decided_via)
  values (p_call.project_id, coord._new_id(), p_action_type, p_description, p_payload, p_hash, p_risk,
    p_call.agent, p_call.session_id, p_credentials, v_now, v_now + make_interval(secs => p_seconds),
    case when p_rule is null then 'pending' else 'approved' end, case when p_rule is not null then v_now end,
    p_rule, case when p_rule is not null then 'rule' end)
  returning approvals.* into v_approval;
  if p_rule is null then
    insert into coord.approval_webhooks (project_id, approval_id) values (p_call.project_id, v_approval.approval_id);
  end if;
  return v_approval;
end
$$;

-- approvals/_approval_answer.sql
-- What the requester is told of an approval: `decided` is true when there is nothing left to wait for.
create function coord._approval_answer(p_approval coord.approvals) returns jsonb
language plpgsql volatile
as $$
declare
  v_status text := coord._approval_status(p_approval.status, p_approval.expires_at);
begin
  return jsonb_build_object('decided', v_status <> 'pending', 'status', v_status,
    'approval_id', p_approval.approval_id, 'expires_at', p_approval.expires_at,
    'decided_by', p_approval.decided_by, 'decided_via', p_approval.decided_via, 'reason', p_approval.reason,
    'used_at', p_approval.used_at,
    'hint', case v_status
      when 'pending' then 'Do not act yet. Do something else, and wait with check_approval and wait_seconds.'
      when 'denied' then 'Do not do it. Read the reason, or ask the user.'
      when 'expired' then 'Nobody decided: that is neither yes nor no, so do not do it. Ask the user, or request it again.'
      else case when p_approval.used_at is null then 'Call use_approval with the same payload, then act.'
        else 'It has been used. For doing it again, request it again.' end end);
end
$$;

-- approvals/_approval_status.sql
-- The status of an approval now: a pending one whose time is over is expired, whoever has swept.
create function coord._approval_status(p_status text, p_expires_at timestamptz) returns text
language sql volatile
as $$ select case when p_status = 'pending' and p_expires_at <= clock_timestamp() then 'expired' else p_status end $$;

-- approvals/_credentials.sql
-- What a session calls with: its agent, its key, and the keys with which that one was made, up to one that a person
-- made; a key that follows another by rotation has the line of both, and a subagent has the agent on whose behalf it
-- works. Two sessions that share one of them have one owner. With p_makers also the agents who made the keys: they
-- could speak with them, while the reverse does not hold.
create function coord._credentials(p_project_id integer, p_session_id uuid, p_makers boolean) returns text[]
language sql stable
as $$
  with recursive line as (
    select k.key_id, k.made_by, k.made_with, k.rotated_from
    from coord.sessions s join coord.api_keys k on k.key_id = s.key_id and k.project_id = s.project_id
    where s.project_id = p_project_id and s.session_id = p_session_id
    union
    select k.key_id, k.made_by, k.made_with, k.rotated_from
    from line l join coord.api_keys k on k.key_id in (l.made_with, l.rotated_from) and k.project_id = p_project_id)
  select array(
    select 'agent:' || s.agent from coord.sessions s where s.project_id = p_project_id and s.session_id = p_session_id
    union select 'agent:' || s.delegated_from from coord.sessions s
    where s.project_id = p_project_id and s.session_id = p_session_id and s.delegated_from is not null
    union select 'key:' || l.key_id from line l
    union select 'agent:' || l.made_by from line l where p_makers);
$$;

-- approvals/_decide.sql
-- Decides a pending approval; null when it was not pending any more, or its time was over.
-- Concurrency: one guarded UPDATE. Two who decide at once meet at the row, and the second finds it decided. The caller
-- has locked the row and looked at the clock since: what is stamped is what was judged. The requester's inbox is
-- written in the same transaction, so that a kill leaves both or neither.
create function coord._decide(
  p_project_id integer, p_approval_id uuid, p_approve boolean, p_by text, p_via text, p_reason text, p_now timestamptz
) returns coord.approvals
language plpgsql volatile
as $$
declare
  v_approval coord.approvals;
begin
  update coord.approvals a set status = case when p_approve then 'approved' else 'denied' end, decided_at = p_now,
    decided_by = p_by, decided_via = p_via, reason = p_reason
  where a.project_id = p_project_id and a.approval_id = p_approval_id and a.status = 'pending' and a.expires_at > p_now
  returning a.* into v_approval;
  if not found then return null; end if;
  update coord.approval_webhooks w set settled_at = p_now, outcome = 'obsolete'
  where w.project_id = p_project_id and w.approval_id = p_approval_id and w.settled_at is null;
  perform coord._tell_requester(v_approval);
  return v_approval;
end
$$;

-- approvals/_forget_approvals.sql
-- Deletes what is kept of approvals for a time only, a thousand rows of a kind: rows of the outbox 7 days, links 14,
-- approvals 90 days after they ended.
create function coord._forget_approvals() returns void
language plpgsql volatile
as $$
begin
  delete from coord.approval_links l where (l.project_id, l.token_hash) in (
    select o.project_id, o.token_hash from coord.approval_links o
    where o.made_at < clock_timestamp() - interval '14 days' limit 1000 for update skip locked);
  delete from coord.approval_webhooks w where (w.project_id, w.approval_id) in (
    select o.project_id, o.approval_id from coord.approval_webhooks o
    where o.settled_at < clock_timestamp() - interval '7 days' limit 1000 for update skip locked);
  delete from coord.approvals a where (a.project_id, a.approval_id) in (
    select o.project_id, o.approval_id from coord.approvals o
    where o.status <> 'pending' and o.expires_at < clock_timestamp() - interval '90 days'
    limit 1000 for update skip locked);
end
$$;

-- approvals/_refuse_unknown_approval.sql
-- The answer for an id that is unknown, or of another project, which is the same.
create function coord._refuse_unknown_approval(p_call coord._call) returns jsonb
language plpgsql volatile
as $$
begin
  return coord._refuse(p_call, 'not_found', 'There is no such approval.', 'See list_approvals for those of this project.');
end
$$;

-- approvals/_refuse_use.sql
-- Says why an approval cannot be used: the first of these that holds.
create function coord._refuse_use(p_call coord._call, p_approval_id uuid, p_payload jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_approval coord.approvals;
  v_status text;
  v_reason text;
begin
  select a.* into v_approval from coord.approvals a
  where a.project_id = p_call.project_id and a.approval_id = p_approval_id;
  if not found then return coord._refuse_unknown_approval(p_call); end if;
  if v_approval.requested_by <> p_call.agent then
    return coord._refuse(p_call, 'forbidden', format('It was given to %s.', v_approval.requested_by),
      'Request one of your own: request_approval.', '{"reason": "not_requester"}', 'approval:' || p_approval_id);
  end if;
  v_status := coord._approval_status(v_approval.status, v_approval.expires_at);
  v_reason := case
    when v_status = 'pending' then 'not_decided'
    when v_status = 'denied' then 'denied'
    when v_status = 'expired' then 'approval_expired'
    when v_approval.used_at is not null then 'already_used'
    when v_approval.payload_hash <> encode(sha256(convert_to(p_payload::text, 'UTF8')), 'hex') then 'payload_changed'
    else 'approval_stale' end;
  return coord._refuse(p_call, 'conflict', case v_reason
      when 'not_decided' then 'Nobody has decided yet.'
      when 'denied' then 'It was denied.'
      when 'approval_expired' then 'Nobody decided in time: that is neither yes nor no.'
      when 'already_used' then 'It has been used already.'
      when 'payload_changed' then 'The payload is not the one that was approved.'
      else 'It was approved more than a day ago.' end,
    case v_reason
      when 'not_decided' then 'Do not act. Wait with check_approval and wait_seconds.'
      when 'payload_changed' then 'Do not act. Send the payload that was approved, or request this one.'
      else 'Do not act. If it must be done still, ask with request_approval again.' end,
    jsonb_build_object('reason', v_reason), 'approval:' || p_approval_id);
end
$$;

-- approvals/_rule_for.sql
-- The rule that approves a request without asking; null when there is none. The kind of agent counts as whoever made
-- the key or started the process has said it, because a session may call itself anything. A rule never serves those who
-- share a credential with who set it: nobody approves himself that way.
create function coord._rule_for(p_call coord._call, p_action_type text, p_risk text, p_credentials text[])
returns text
language sql stable
as $$
  select r.rule
  from coord.approval_rules r
  where r.project_id = p_call.project_id and r.action_type = p_action_type
    and array_position('{low,medium,high}', p_risk) <= array_position('{low,medium,high}', r.max_risk)
    and (r.agent is null or r.agent = p_call.agent)
    and (r.agent_type is null or r.agent_type = (
      select s.granted_type from coord.sessions s
      where s.project_id = p_call.project_id and s.session_id = p_call.session_id))
    and not r.credentials && p_credentials
  order by r.rule limit 1;
$$;

-- approvals/_sweep_approvals.sql
-- Writes down which approvals of a project have expired, and tells who asked. Nothing depends on it: every decision
-- looks at the time itself.
-- Concurrency: rows that somebody is just deciding are left for the next round; the status in the WHERE is looked at
-- under the row lock.
create function coord._sweep_approvals(p_project_id integer) returns void
language plpgsql volatile
as $$
declare
  v_approval coord.approvals;
begin
  for v_approval in
    update coord.approvals a set status = 'expired'
    where a.project_id = p_project_id and a.status = 'pending' and a.approval_id in (
      select o.approval_id from coord.approvals o
      where o.project_id = p_project_id and o.status = 'pending' and o.expires_at <= clock_timestamp()
      limit 1000 for update skip locked)
    returning a.*
  loop
    update coord.approval_webhooks w set settled_at = clock_timestamp(), outcome = 'obsolete'
    where w.project_id = p_project_id and w.approval_id = v_approval.approval_id and w.settled_at is null;
    perform coord._journal(p_project_id, 'sweep', 'approval:' || v_approval.approval_id, 'expired');
    perform coord._tell_requester(v_approval);
  end loop;
end
$$;

-- approvals/_tell_requester.sql
-- Puts the outcome of an approval into the inbox of whoever asked, in every session of it: the one that asked may be
-- gone, and another may go on.
create function coord._tell_requester(p_approval coord.approvals) returns void
language plpgsql volatile
as $$
begin
  perform coord._inbox_add(p_approval.project_id, p_approval.requested_by, null, 'approval_decided',
    jsonb_strip_nulls(jsonb_build_object('approval_id', p_approval.approval_id, 'status', p_approval.status,
      'action_type', p_approval.action_type, 'decided_by', p_approval.decided_by, 'reason', p_approval.reason,
      'text', format('Your request for %s is %s.', p_approval.action_type, p_approval.status))),
    'approval:' || p_approval.approval_id);
end
$$;

-- digest/_digest.sql
-- The news as lines for a reader in a hurry: what concerns the caller first, four lines of a kind, 1,500 characters.
create function coord._digest(p_call coord._call, p_entries coord.journal[]) returns jsonb
language plpgsql stable
as $$
begin
  return (
    with lines as (
      select n.* from coord._open_calls(p_call) n
      union all select n.* from coord._news_of_tasks(p_call, p_entries) n
      union all select n.* from coord._news_of_locks(p_call, p_entries) n
      union all select n.* from coord._news_of_words(p_call, p_entries) n
      union all select n.* from coord._news_of_agents(p_call, p_entries) n
    ), counted as (
      select l.kind, l.nth, left(regexp_replace(l.line, '\s+', ' ', 'g'), 300)
        || case when l.nth = 4 and l.total > 4 then format(' And %s more like this.', l.total - 4) else '' end as line
      from (select x.*, count(*) over (partition by x.kind) as total from lines x) l
      where l.nth <= 4
    )
    select coalesce(jsonb_agg(c.line order by c.kind, c.nth), '[]')
    from (select d.*, sum(octet_length(d.line) + 4) over (order by d.kind, d.nth) as size from counted d) c
    where c.size <= 1500);
end
$$;

-- digest/_last_look.sql
-- The last look of the calling session; of one that has not looked yet, the last that its agent took before it began.
-- Null when there is none. One of transactions to come is from another server, by a restored backup, and means nothing.
create function coord._last_look(p_call coord._call) returns coord.looks
language plpgsql stable
as $$
declare
  v_look coord.looks;
begin
  select l.* into v_look
  from coord.looks l
  join coord.sessions s on s.project_id = l.project_id and s.session_id = p_call.session_id
  where l.project_id = p_call.project_id and l.agent = p_call.agent
    and (l.session_id = s.session_id or pg_snapshot_xmax(l.seen) <= s.began_xact)
    and pg_snapshot_xmax(l.seen) <= pg_snapshot_xmax(pg_current_snapshot())
  order by l.session_id = s.session_id desc, pg_snapshot_xmax(l.seen) desc limit 1;
  return v_look;
end
$$;

-- digest/_news.sql
-- What the journal has between two snapshots, newest first, from the transaction p_first on; without a first snapshot,
-- that of the last day. Rows of transactions that the older snapshot did not see, although later ones were in it, are
-- in the range, and found by the second condition. Of the caller's own rows only those that say which files are its.
create function coord._news(p_call coord._call, p_first xid8, p_seen pg_snapshot, p_now pg_snapshot)
returns setof coord.journal
language sql stable
as $$
  select j.* from coord.journal j
  where j.project_id = (p_call).project_id and j.xact_id between p_first and pg_snapshot_xmax(p_now)
    and case when p_seen is null then j.at > clock_timestamp() - interval '1 day'
      else not pg_visible_in_snapshot(j.xact_id, p_seen) end
    and pg_visible_in_snapshot(j.xact_id, p_now)
    and (j.session_id is distinct from (p_call).session_id
      or j.operation in ('acquire_lock', 'get_work', 'get_work_batch'))
    and (j.session_id is null or j.outcome = 'ok')
  order by j.xact_id desc, j.entry_id desc limit 20000;
$$;

-- digest/_news_of_agents.sql
-- Who came and who went, among the news, in one line: 80.
create function coord._news_of_agents(p_call coord._call, p_entries coord.journal[])
returns table (kind integer, nth bigint, line text)
language sql stable
as $$
  select 80, 1::bigint, string_agg(format('%s: %s%s.', w.what, array_to_string(w.agents[1:6], ', '),
    ' and ' || nullif(greatest(cardinality(w.agents) - 6, 0), 0) || ' more'), ' ' order by w.what)
  from (
    select a.what, array_agg(distinct s.agent) as agents
    from (
      select e.resource, case e.operation when 'register_session' then 'Came' when 'end_session' then 'Left'
        when 'sweep' then 'Died' end as what
      from unnest(p_entries) e where e.resource like 'session:%' and e.outcome in ('ok', 'lapsed')) a
    join coord.sessions s on s.project_id = (p_call).project_id and s.session_id = coord._resource_id(a.resource, 'session')
    where a.what is not null and s.session_id <> (p_call).session_id group by a.what) w
  having count(*) > 0;
$$;

-- digest/_news_of_locks.sql
-- Locks of others among the news: 30 around the caller's files, which are those it has or had locked since its last
-- look; 90 the others, summed up. Around means in the same folder, or below what a tree or a glob begins with: whether
-- two globs have a file in common takes too long to find out for 500 paths against 50.
create function coord._news_of_locks(p_call coord._call, p_entries coord.journal[])
returns table (kind integer, nth bigint, line text)
language plpgsql stable
as $$
begin
  return query
    with mine as materialized (
      select distinct m.path, coord._folder(m.path) as folder from (
        (select t.path from coord._taken_paths(p_entries) t where t.session_id = p_call.session_id
          order by t.entry_id desc limit 50)
        union all
        select h.path from coord._held_locks(p_call.project_id, null, null) h where h.session_id = p_call.session_id) m
      limit 50
    ), others as materialized (
      select distinct on (t.path, t.session_id) t.*, coord._folder(t.path) as folder
      from coord._taken_paths(p_entries) t
      where t.session_id <> p_call.session_id order by t.path, t.session_id, t.entry_id desc
    ), near as materialized (
      select o.*, exists (select from mine m where m.folder = o.folder or m.path = o.path
        or (coord._is_scope(m.path) and starts_with(o.path, coord._literal_prefix(m.path)))
        or (coord._is_scope(o.path) and starts_with(m.path, coord._literal_prefix(o.path)))) as is_near
      from (select * from others order by entry_id desc limit 500) o
    )
    select 30, row_number() over (order by h.path is null, n.entry_id desc), case when h.path is not null
      then format('%s has %s locked%s.', n.agent, n.path, ': ' || left(h.reason, 100))
      else format('%s had %s locked: read it again before you edit there.', n.agent, n.path) end
    from near n
    left join coord._held_locks(p_call.project_id, (select array_agg(x.path) from near x where x.is_near), null) h
      on h.path = n.path and h.session_id = n.session_id
    where n.is_near
    union all
    select 90, 1, format('Elsewhere others locked %s: %s.', sum(f.paths), string_agg(
      format('%s (%s)', f.folder, f.paths), ', ' order by f.paths desc, f.folder) filter (where f.nth <= 3))
    from (
      select coalesce(nullif(n.folder, ''), './') as folder, count(*) as paths,
        row_number() over (order by count(*) desc, n.folder) as nth
      from near n where not n.is_near group by n.folder) f
    having count(*) > 0;
end
$$;

-- digest/_news_of_tasks.sql
-- Tasks among the news: 10 assigned to the caller's agent, 20 submitted by it and ended, 60 failed, 70 done.
create function coord._news_of_tasks(p_call coord._call, p_entries coord.journal[])
returns table (kind integer, nth bigint, line text)
language plpgsql stable
as $$
begin
  return query
    select n.kind, row_number() over (partition by n.kind order by n.entry_id desc), n.line
    from (
      select e.entry_id,
        case when t.finished_at is null then 10 when t.submitted_by = p_call.agent then 20
          when t.status = 'done' then 70 else 60 end as kind,
        case
          when t.finished_at is null then format('"%s" is assigned to you: get_work hands it out.', left(t.title, 100))
          when t.status = 'done' then format('%s finished %s"%s" (task:%s).', t.agent,
            case when t.submitted_by = p_call.agent then 'your task ' end, left(t.title, 100), t.task_id)
          else format('%s "%s" %s%s (task:%s).', case when t.submitted_by = p_call.agent then 'Your task' else 'Task' end,
            left(t.title, 100), case t.status when 'failed' then 'failed' else 'was cancelled' end,
            ': ' || left(t.error, 100), t.task_id)
        end as line
      from (
        select coord._resource_id(r.resource, 'task') as task_id, max(r.entry_id) as entry_id from unnest(p_entries) r
        where coord._resource_id(r.resource, 'task') is not null and r.session_id is distinct from p_call.session_id
          and r.operation not in ('get_work', 'get_work_batch', 'report_progress')
        group by 1) e
      join coord.tasks t on t.project_id = p_call.project_id and t.task_id = e.task_id
      where t.finished_at is not null or (t.status = 'ready' and (t.terms).assignee = p_call.agent)) n;
end
$$;

-- digest/_news_of_words.sql
-- What agents wrote for others, among the news: 40 decisions, 45 threads, 50 handoffs.
create function coord._news_of_words(p_call coord._call, p_entries coord.journal[])
returns table (kind integer, nth bigint, line text)
language sql stable
as $$
  select w.kind, row_number() over (partition by w.kind order by w.entry_id desc), w.line
  from (
    select 40 as kind, e.entry_id, format('%s decided (%s): %s. Because: %s.', d.agent, d.type,
      rtrim(left(d.context, 100), '. '), rtrim(left(d.reason, 100), '. ')) as line
    from unnest(p_entries) e
    join coord.decisions d on d.project_id = e.project_id
      and d.decision_id = coord._resource_id(e.resource, 'decision')
    union all
    select 45, e.entry_id, format('%s opened the thread "%s" (%s).', e.agent, left(e.detail ->> 'title', 100), e.resource)
    from unnest(p_entries) e where e.operation = 'create_thread'
    union all
    select 50, e.entry_id, format('%s left a handoff: %s (read_handoff, %s).', coalesce(e.agent, e.detail ->> 'agent'),
      rtrim(left(e.detail ->> 'summary', 100), '. '), substr(e.resource, 9))
    from unnest(p_entries) e where coord._resource_id(e.resource, 'handoff') is not null and e.outcome in ('ok', 'written')) w;
$$;

-- digest/_open_calls.sql
-- What waits for the caller, new or not: 0 its inbox, 5 approvals that it may decide.
create function coord._open_calls(p_call coord._call) returns table (kind integer, nth bigint, line text)
language plpgsql stable
as $$
begin
  return query
    select 0, 1::bigint, format('%s unread in your inbox: read_inbox.',
      case when count(*) < 100 then count(*)::text else '100 or more' end)
    from coord._unread(coord._inbox_reader(p_call), 100) u
    having count(*) > 0
    union all
    select 5, row_number() over (order by a.expires_at), format('%s asks for approval (%s, risk %s): %s (approval:%s).',
      a.requested_by, a.action_type, a.risk, rtrim(left(a.description, 100), '. '), a.approval_id)
    from coord.approvals a
    where a.project_id = p_call.project_id and a.status = 'pending' and a.expires_at > clock_timestamp()
      and a.session_id <> p_call.session_id and coord._trust(p_call) >= coord._minimum_trust('decide_approval');
end
$$;

-- frame/_beat.sql
-- Notes that somebody sweeps now.
create function coord._beat() returns void
language sql volatile
as $$
  update coord.pulse p set is_steady = p.swept_at > clock_timestamp() - interval '15 seconds', swept_at = clock_timestamp();
$$;

-- frame/_enter.sql
-- Opens every operation: finds the session that calls, checks that it lives and is trusted enough, keeps it alive,
-- and answers at once when the call may not go on or repeats an earlier one.
-- The common path is one look-up of a session whose `caller` is p_caller and nothing more, so that project, key and
-- session are compared at once: PL/pgSQL prepares each expression anew in each transaction, so every operator here is
-- paid by every call, and a row is assigned fast only if it has just the columns of _call. Whatever is doubtful is
-- looked at closer by _enter_doubtful.
create function coord._enter(p_caller jsonb, p_operation text, p_active boolean default true) returns coord._call
language plpgsql volatile
as $$
declare
  v_call coord._call;
begin
  select s.project_id, s.session_id, s.agent, p_operation, null::jsonb, null::jsonb into v_call
  from coord.sessions s
  where s.caller = p_caller and s.fresh_until > clock_timestamp()
    and s.trust >= coord._minimum_trust(p_operation);
  if v_call.session_id is null then
    return coord._enter_doubtful(p_caller, p_operation, p_active);
  end if;
  return v_call;
end
$$;

-- frame/_enter_doubtful.sql
-- The rest of _enter: callers without a session, dead sessions, missing trust, restrictions, the touch that keeps a
-- session and its claims alive (at most every 5 s, so that a bare key or a transaction of many calls does not write its
-- session's row each time), notices, idempotency keys.
-- Concurrency: a lapsed session can never come back. The touch repeats the check of the lease under the row lock, so
-- a process that was paused between look-up and touch finds itself lapsed, and whoever took its locks is right.
create function coord._enter_doubtful(p_caller jsonb, p_operation text, p_active boolean) returns coord._call
language plpgsql volatile
as $$
declare
  v_call coord._call;
  v_session_id uuid := coalesce((p_caller ->> 'session_id')::uuid, coord._standing_session(p_caller, p_operation));
  v_found record;
  v_renews boolean := false;
begin
  select s.project_id, s.session_id, s.agent, s.trust, s.restrictions, s.fresh_until > clock_timestamp() as fresh,
    coalesce(s.delegated_from, s.agent) as account
  into v_found
  from coord.sessions s
  where s.project_id = (p_caller ->> 'project_id')::integer and s.session_id = v_session_id
    -- A key speaks only for its own sessions, a local process never for those of a key.
    and s.key_id is not distinct from p_caller ->> 'key_id';
  v_call := row(v_found.project_id, v_found.session_id, v_found.agent, p_operation, null, null);
  if v_session_id is null then
    v_call.answer := coord._error('unauthenticated', 'This credential has no session, and may not open one.',
      'A key may have expired or been revoked: ask for a new one (agentcoord keys create <agent>). Without a key, call register_session first.');
  elsif v_call.session_id is null then
    v_call.answer := coord._unknown_session();
  elsif not v_found.fresh then
    v_renews := coord._touch_session(v_call.project_id, v_session_id, p_active);
    if v_renews is null and coord._resume() then
      v_renews := coord._touch_session(v_call.project_id, v_session_id, p_active);
    end if;
    if v_renews is null then v_call.answer := coord._refuse_ended(v_call); end if;
  end if;
  -- Looked at here as well: a suspension does not wait for sessions that are in the middle of a call.
  if v_call.answer is null and not coalesce(v_found.restrictions ? 'suspended', false)
    and coord._is_suspended(v_call.project_id, v_call.agent, v_found.account)
  then
    v_found.restrictions := coalesce(v_found.restrictions, '{}') || '{"suspended": true}';
    v_renews := false;
    update coord.sessions s set restrictions = v_found.restrictions, fresh_until = '-infinity'
    where s.project_id = v_call.project_id and s.session_id = v_session_id;
  end if;
  if v_call.answer is null and v_found.restrictions is not null then
    v_call := coord._restrict(v_call, v_found.restrictions, p_active and not p_caller ? 'repeated');
  end if;
  if v_call.answer is not null then
    if v_renews then perform coord._renew_claims(v_call.project_id, v_session_id); end if;
    return v_call;
  end if;
  -- Those with paths follow when the call is closed (see _leave_with_extra), because it may have to wait for tasks.
  if v_renews and coord._renew_claims(v_call.project_id, v_session_id, p_plain => true) then
    v_call.extra := coalesce(v_call.extra, '{}') || '{"renews": true}';
  end if;
  if v_found.trust < coord._minimum_trust(p_operation) then
    v_call.answer := coord._refuse(v_call, 'forbidden',
      format('%s needs trust %s; this session has %s.', p_operation, coord._minimum_trust(p_operation), v_found.trust),
      'Ask an administrator, or do it from the command line of the machine that runs the coordinator.',
      '{"reason": "insufficient_trust_level"}');
  elsif p_caller ? 'idempotency_key' then
    v_call.extra := coalesce(v_call.extra, '{}') || jsonb_build_object('idempotency_key', p_caller ->> 'idempotency_key');
    v_call.answer := coord._replay(v_call, p_caller -> 'input', p_caller ? 'repeats');
  end if;
  -- Whoever has notices to be told is not fresh.
  if v_call.answer is null and p_active and not v_found.fresh then
    v_call.extra := nullif(coalesce(v_call.extra, '{}') || coord._notices(v_call), '{}');
  end if;
  return v_call;
end
$$;

-- frame/_error.sql
-- The envelope of an error, the same on every door.
create function coord._error(p_code text, p_message text, p_hint text, p_details jsonb default null) returns jsonb
language sql immutable parallel safe
as $$
  select pg_catalog.jsonb_build_object('error', pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
    'code', p_code, 'message', p_message, 'hint', p_hint, 'details', p_details)));
$$;

-- frame/_forget.sql
-- Deletes what is kept for a time only, a thousand rows of a kind: idempotency keys (ten thousand) 48 hours, ended
-- sessions, notices, looks and paths that nobody locks any more 30 days, handoffs 180.
create function coord._forget() returns void
language plpgsql volatile
as $$
begin
  delete from coord.idempotency_keys k where (k.project_id, k.agent, k.key) in (
    select o.project_id, o.agent, o.key from coord.idempotency_keys o
    where o.created_at < clock_timestamp() - interval '48 hours' limit 10000 for update skip locked);
  delete from coord.sessions s where (s.project_id, s.session_id) in (
    select o.project_id, o.session_id from coord.sessions o
    where o.ended_at < clock_timestamp() - interval '30 days' limit 1000 for update skip locked);
  delete from coord.notices n where (n.project_id, n.notice_id) in (
    select o.project_id, o.notice_id from coord.notices o
    where o.at < clock_timestamp() - interval '30 days' limit 1000 for update skip locked);
  delete from coord.looks l where (l.project_id, l.agent, l.session_id) in (
    select o.project_id, o.agent, o.session_id from coord.looks o
    where o.looked_at < clock_timestamp() - interval '30 days' limit 1000 for update skip locked);
  delete from coord.handoffs h where (h.project_id, h.handoff_id) in (
    select o.project_id, o.handoff_id from coord.handoffs o
    where o.created_at < clock_timestamp() - interval '180 days' limit 1000 for update skip locked);
  delete from coord.agent_files f where (f.project_id, f.agent, f.path) in (
    select o.project_id, o.agent, o.path from coord.agent_files o
    where o.locked_at < clock_timestamp() - interval '1 hour' limit 1000 for update skip locked);
  perform coord._forget_locks();
  perform coord._forget_messages();
  perform coord._forget_approvals();
  perform coord._forget_violations();
  perform coord._forget_decisions();
  perform coord._move_floors();
end
$$;

-- frame/_input_hash.sql
-- By which the inputs of two calls with the same idempotency key are compared.
create function coord._input_hash(p_input jsonb) returns bytea
language sql immutable
as $$
  select sha256(convert_to(coalesce(p_input, '{}')::text, 'UTF8'));
$$;

-- frame/_leave.sql
-- Closes an operation that was carried out: writes its journal row, keeps the answer for repetitions, adds notices.
-- p_resource names what changed (a path, task:<id>, session:<id>, key:<id>); null says that nothing did, and nothing
-- is journalled. p_outcome is 'ok', or the word for an answer that is a "no", such as 'held'. p_kept is what a
-- repetition of this call is told instead of the answer, when the answer holds a secret; 'null' keeps nothing, so that
-- a repetition is carried out anew.
create function coord._leave(
  p_call coord._call, p_answer jsonb, p_resource text default null, p_detail jsonb default null,
  p_outcome text default 'ok', p_kept jsonb default null
) returns jsonb
language plpgsql volatile
as $$
begin
  if p_resource is not null then
    insert into coord.journal (project_id, session_id, agent, operation, outcome, resource, detail)
    values (p_call.project_id, p_call.session_id, p_call.agent, p_call.operation, p_outcome, p_resource, p_detail);
  end if;
  if p_call.extra is not null then
    return coord._leave_with_extra(p_call, p_answer, coalesce(p_kept, p_answer));
  end if;
  return p_answer;
end
$$;

-- frame/_leave_with_extra.sql
-- The rest of _leave for calls with an idempotency key, notices, or claims with paths that are to be renewed. Notices
-- are not kept with the answer: a repetition has heard them.
-- Concurrency: of two calls of a session at once, both may tell the same notice; none is lost.
create function coord._leave_with_extra(p_call coord._call, p_answer jsonb, p_kept jsonb) returns jsonb
language plpgsql volatile
as $$
begin
  if p_call.extra ? 'renews' then perform coord._renew_claims(p_call.project_id, p_call.session_id); end if;
  if p_call.extra ? 'idempotency_key' then
    if p_kept <> 'null' then
      update coord.idempotency_keys k set answer = p_kept
      where k.project_id = p_call.project_id and k.agent = p_call.agent and k.key = p_call.extra ->> 'idempotency_key';
    else
      delete from coord.idempotency_keys k
      where k.project_id = p_call.project_id and k.agent = p_call.agent and k.key = p_call.extra ->> 'idempotency_key';
    end if;
  end if;
  if not p_call.extra ? 'notices' or p_answer ? 'error' then return p_answer; end if;
  update coord.notices n set told_at = clock_timestamp()
  where n.project_id = p_call.project_id and n.notice_id in (
    select (o.notice ->> 'notice_id')::bigint from jsonb_array_elements(p_call.extra -> 'notices') o(notice));
  return p_answer || jsonb_build_object('notices', p_call.extra -> 'notices');
end
$$;

-- frame/_look_bytes.sql
-- How much of the journal a statement looks through at most, by _journal_weight, unless it is one row.
create function coord._look_bytes() returns integer language sql immutable parallel safe as 'select 4000000';

-- frame/_minimum_trust.sql
-- GENERATED from packages/contract by `npm run fix`; do not edit.
-- Least trust that may call an operation; 5, which nobody has, for names that are no operation.
-- Has no `set search_path` so that the planner can inline it; one jsonb constant is read faster than 20 cases.
create function coord._minimum_trust(p_operation text) returns smallint
language sql immutable parallel safe
as $$
  select coalesce(('{
    "acquire_lock": 2,
    "check_locks": 1,
    "force_release_lock": 3,
    "release_lock": 2,
    "complete_work": 2,
    "get_work": 2,
    "release_task": 2,
    "report_progress": 2,
    "submit_work": 2,
    "get_task": 1,
    "get_task_board": 1,
    "list_tasks": 1,
    "cancel_task": 2,
    "complete_work_batch": 2,
    "find_hung": 1,
    "get_agent_history": 1,
    "get_task_history": 1,
    "get_work_batch": 2,
    "retry_task": 2,
    "submit_work_batch": 2,
    "discover_agents": 1,
    "end_session": 1,
    "heartbeat": 1,
    "open_subagent": 1,
    "register_session": 1,
    "sweep": 3,
    "read_inbox": 1,
    "send_message": 2,
    "create_thread": 2,
    "list_threads": 1,
    "read_thread": 1,
    "reply_to_thread": 2,
    "set_thread_status": 2,
    "list_decisions": 1,
    "log_decision": 2,
    "read_handoff": 1,
    "write_handoff": 2,
    "catch_up": 1,
    "check_approval": 1,
    "decide_approval": 3,
    "list_approvals": 1,
    "request_approval": 2,
    "use_approval": 2,
    "delete_approval_rule": 4,
    "list_approval_rules": 1,
    "set_approval_rule": 4,
    "check_guardrails": 1,
    "delete_guardrail_rule": 4,
    "list_guardrail_rules": 1,
    "list_guardrail_violations": 1,
    "set_guardrail_rule": 4,
    "list_events": 1,
    "drop_segment": 4,
    "export_checkpoint": 1,
    "export_segment": 4,
    "query_audit": 1,
    "verify_audit": 3,
    "create_key": 4,
    "list_keys": 4,
    "revoke_key": 4,
    "rotate_key": 4,
    "check_network": 1,
    "delete_network_rule": 4,
    "list_network_decisions": 3,
    "list_network_rules": 1,
    "set_network_rule": 4,
    "check_policy": 1,
    "delete_cedar_policy": 4,
    "list_cedar_policies": 3,
    "rollback_cedar_policies": 4,
    "set_cedar_policy": 4,
    "validate_cedar_policy": 1,
    "assign_profile": 4,
    "delete_profile": 4,
    "get_my_profile": 1,
    "list_profiles": 1,
    "resume_agent": 4,
    "set_profile": 4,
    "suspend_agent": 4,
    "unassign_profile": 4,
    "create_project": 4,
    "list_projects": 4,
    "add_project_member": 4,
    "create_read_token": 4,
    "list_project_members": 4,
    "remove_project_member": 4,
    "revoke_read_tokens": 4,
    "set_project_visibility": 4,
    "complete_task": 2,
    "create_task": 2,
    "get_next_task": 2,
    "register_agent": 1
  }'::jsonb ->> p_operation)::smallint, 5::smallint);
$$;

-- frame/_new_id.sql
-- _new_id(): a UUID of version 7: random, and ordered by the time it was made, so that indexes grow at their end.
-- Ids tell nothing of other projects but the clock. Postgres has its own from version 18 on.
do $$
begin
  if to_regprocedure('pg_catalog.uuidv7()') is not null then
    create function coord._new_id() returns uuid language sql volatile as 'select pg_catalog.uuidv7()';
  else
    create function coord._new_id() returns uuid language sql volatile
    as $body$
      select encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
        placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
        52, 1), 53, 1), 'hex')::uuid;
    $body$;
  end if;
end
$$;

-- frame/_operation_words.sql
-- GENERATED from packages/contract by `npm run fix`; do not edit.
-- By the name of each operation, the words by which scopes of keys and lists of profiles may mean it: the operation
-- itself, its toolset, and read or write. Operations under another name are left out: they are what they stand for.
create function coord._operation_words() returns jsonb
language sql immutable parallel safe
as $$
  select '{
    "acquire_lock": ["acquire_lock", "locks", "write"],
    "check_locks": ["check_locks", "locks", "read"],
    "force_release_lock": ["force_release_lock", "admin", "write"],
    "release_lock": ["release_lock", "locks", "write"],
    "complete_work": ["complete_work", "work", "write"],
    "get_work": ["get_work", "work", "write"],
    "release_task": ["release_task", "work", "write"],
    "report_progress": ["report_progress", "work", "write"],
    "submit_work": ["submit_work", "work", "write"],
    "get_task": ["get_task", "queue", "read"],
    "get_task_board": ["get_task_board", "queue", "read"],
    "list_tasks": ["list_tasks", "work", "read"],
    "cancel_task": ["cancel_task", "queue", "write"],
    "complete_work_batch": ["complete_work_batch", "queue", "write"],
    "find_hung": ["find_hung", "queue", "read"],
    "get_agent_history": ["get_agent_history", "queue", "read"],
    "get_task_history": ["get_task_history", "queue", "read"],
    "get_work_batch": ["get_work_batch", "queue", "write"],
    "retry_task": ["retry_task", "queue", "write"],
    "submit_work_batch": ["submit_work_batch", "queue", "write"],
    "discover_agents": ["discover_agents", "presence", "read"],
    "end_session": ["end_session", "sessions", "write"],
    "heartbeat": ["heartbeat", "presence", "write"],
    "open_subagent": ["open_subagent", "sessions", "write"],
    "register_session": ["register_session", "presence", "write"],
    "sweep": ["sweep", "admin", "write"],
    "read_inbox": ["read_inbox", "messages", "write"],
    "send_message": ["send_message", "messages", "write"],
    "create_thread": ["create_thread", "board", "write"],
    "list_threads": ["list_threads", "board", "read"],
    "read_thread": ["read_thread", "board", "read"],
    "reply_to_thread": ["reply_to_thread", "board", "write"],
    "set_thread_status": ["set_thread_status", "board", "write"],
    "list_decisions": ["list_decisions", "board", "read"],
    "log_decision": ["log_decision", "board", "write"],
    "read_handoff": ["read_handoff", "handoffs", "read"],
    "write_handoff": ["write_handoff", "handoffs", "write"],
    "catch_up": ["catch_up", "handoffs", "write"],
    "check_approval": ["check_approval", "approvals", "read"],
    "decide_approval": ["decide_approval", "decisions", "write"],
    "list_approvals": ["list_approvals", "decisions", "read"],
    "request_approval": ["request_approval", "approvals", "write"],
    "use_approval": ["use_approval", "approvals", "write"],
    "delete_approval_rule": ["delete_approval_rule", "decisions", "write"],
    "list_approval_rules": ["list_approval_rules", "decisions", "read"],
    "set_approval_rule": ["set_approval_rule", "decisions", "write"],
    "check_guardrails": ["check_guardrails", "guardrails", "write"],
    "delete_guardrail_rule": ["delete_guardrail_rule", "guardrails", "write"],
    "list_guardrail_rules": ["list_guardrail_rules", "guardrails", "read"],
    "list_guardrail_violations": ["list_guardrail_violations", "guardrails", "read"],
    "set_guardrail_rule": ["set_guardrail_rule", "guardrails", "write"],
    "list_events": ["list_events", "events", "read"],
    "drop_segment": ["drop_segment", "audit", "write"],
    "export_checkpoint": ["export_checkpoint", "audit", "read"],
    "export_segment": ["export_segment", "audit", "read"],
    "query_audit": ["query_audit", "audit", "read"],
    "verify_audit": ["verify_audit", "audit", "read"],
    "create_key": ["create_key", "admin", "write"],
    "list_keys": ["list_keys", "admin", "read"],
    "revoke_key": ["revoke_key", "admin", "write"],
    "rotate_key": ["rotate_key", "admin", "write"],
    "check_network": ["check_network", "policies", "read"],
    "delete_network_rule": ["delete_network_rule", "policies", "write"],
    "list_network_decisions": ["list_network_decisions", "policies", "read"],
    "list_network_rules": ["list_network_rules", "policies", "read"],
    "set_network_rule": ["set_network_rule", "policies", "write"],
    "check_policy": ["check_policy", "policies", "read"],
    "delete_cedar_policy": ["delete_cedar_policy", "policies", "write"],
    "list_cedar_policies": ["list_cedar_policies", "policies", "read"],
    "rollback_cedar_policies": ["rollback_cedar_policies", "policies", "write"],
    "set_cedar_policy": ["set_cedar_policy", "policies", "write"],
    "validate_cedar_policy": ["validate_cedar_policy", "policies", "read"],
    "assign_profile": ["assign_profile", "admin", "write"],
    "delete_profile": ["delete_profile", "admin", "write"],
    "get_my_profile": ["get_my_profile", "sessions", "read"],
    "list_profiles": ["list_profiles", "admin", "read"],
    "resume_agent": ["resume_agent", "admin", "write"],
    "set_profile": ["set_profile", "admin", "write"],
    "suspend_agent": ["suspend_agent", "admin", "write"],
    "unassign_profile": ["unassign_profile", "admin", "write"],
    "create_project": ["create_project", "admin", "write"],
    "list_projects": ["list_projects", "admin", "read"],
    "add_project_member": ["add_project_member", "admin", "write"],
    "create_read_token": ["create_read_token", "admin", "write"],
    "list_project_members": ["list_project_members", "admin", "read"],
    "remove_project_member": ["remove_project_member", "admin", "write"],
    "revoke_read_tokens": ["revoke_read_tokens", "admin", "write"],
    "set_project_visibility": ["set_project_visibility", "admin", "write"]
  }'::jsonb;
$$;

-- frame/_page_bytes.sql
-- How many bytes of rows an answer has at most, about, unless it is one row.
create function coord._page_bytes() returns integer language sql immutable parallel safe as 'select 1000000';

-- frame/_refuse.sql
-- Closes an operation that was refused. The error is returned, not raised: raising would roll its journal row back.
-- So an operation must refuse before it changes anything.
create function coord._refuse(
  p_call coord._call, p_code text, p_message text, p_hint text, p_details jsonb default null,
  p_resource text default null
) returns jsonb
language plpgsql volatile
as $$
begin
  return coord._leave(p_call, coord._error(p_code, p_message, p_hint, p_details),
    coalesce(p_resource, 'session:' || p_call.session_id), p_details, p_code);
end
$$;

-- frame/_refuse_ended.sql
-- What a session is told that is not alive any more.
create function coord._refuse_ended(p_call coord._call) returns jsonb
language sql volatile
as $$
  select coord._refuse(p_call, 'unauthenticated', 'This session has ended or lapsed; what it held is free.',
    'Register again, then take the locks and tasks you still need.', '{"reason": "session_ended"}');
$$;

-- frame/_replay.sql
-- Reserves an idempotency key, or gives the answer that the first call with it got. p_repeats: the guard has let the call
-- pass as a repetition, so it must find the first one, or it would be carried out although nobody has judged it.
-- Concurrency: the primary key decides. A second call at the same instant waits in the insert until the first has
-- committed, then reads its answer; if the first was rolled back, the second takes its place.
create function coord._replay(p_call coord._call, p_input jsonb, p_repeats boolean) returns jsonb
language plpgsql volatile
as $$
declare
  v_hash bytea := coord._input_hash(p_input);
  v_key text := p_call.extra ->> 'idempotency_key';
  v_first coord.idempotency_keys;
begin
  insert into coord.idempotency_keys (project_id, agent, key, operation, session_id, input_hash)
  values (p_call.project_id, p_call.agent, v_key, p_call.operation, p_call.session_id, v_hash)
  on conflict do nothing;
  if found and p_repeats then
    delete from coord.idempotency_keys k
    where k.project_id = p_call.project_id and k.agent = p_call.agent and k.key = v_key;
    return coord._error('conflict', 'The first call with this idempotency key has been forgotten: it is two days old.',
      'Use a new idempotency key.', '{"reason": "repetition_forgotten"}');
  end if;
  if found then return null; end if;
  select k.* into v_first from coord.idempotency_keys k
  where k.project_id = p_call.project_id and k.agent = p_call.agent and k.key = v_key;
  -- What was granted to one session must not be told to another: a lock, a claim, any token, what it read.
  if v_first.operation = p_call.operation and v_first.input_hash = v_hash and v_first.answer is not null
    and (v_first.session_id = p_call.session_id
      or not (v_first.answer ?| array['acquired', 'claimed', 'released', 'received', 'used', 'next', 'claims']
        or jsonb_path_exists(v_first.answer, '$.** ? (exists (@.token) || exists (@.claim_token))')))
  then
    return v_first.answer;
  end if;
  return coord._error('conflict', 'This idempotency key was used for another call.',
    'Use a new idempotency key for each call that differs.', '{"reason": "idempotency_key_reused"}');
end
$$;

-- frame/_resume.sql
-- Gives back the time in which nobody could renew anything: when sweeps were steady and then stopped for over 15 s, the
-- database was down or the host slept, and the leases that lived at the last sweep are moved by the gap, once. True
-- when that was done, by this call or by one that it waited for. Called before anybody judges that a lease has passed.
-- Nobody gets more than a new grant would: what was taken after the gap and before this call is not moved beyond that.
-- Concurrency: the guarded UPDATE of the pulse lets one caller do it; a second one waits there for its commit. Rows
-- that are locked belong to calls that renew or end them, and are left to these: waiting for them here could close a
-- circle with one that waits for the pulse.
create function coord._resume() returns boolean
language plpgsql volatile
as $$
declare
  v_swept_at timestamptz;
  v_gap interval;
begin
  perform from coord.pulse p where p.is_steady and p.swept_at < clock_timestamp() - interval '15 seconds';
  if not found then return false; end if;
  update coord.pulse p set is_steady = false
  where p.is_steady and p.swept_at < clock_timestamp() - interval '15 seconds'
  returning p.swept_at into v_swept_at;
  if not found then return true; end if;
  v_gap := clock_timestamp() - v_swept_at;
  update coord.sessions s set lease_expires_at =
    least(s.valid_until, s.lease_expires_at + v_gap, clock_timestamp() + interval '60 seconds')
  where (s.project_id, s.session_id) in (
    select o.project_id, o.session_id from coord.sessions o
    where o.ended_at is null and o.beats and o.lease_expires_at > v_swept_at for update skip locked);
  update coord.locks l set expires_at = least(l.expires_at + v_gap, clock_timestamp() + interval '8 hours')
  where (l.project_id, l.path) in (
    select o.project_id, o.path from coord.locks o
    where o.session_id is not null and o.expires_at > v_swept_at for update skip locked);
  update coord.lock_shares h set expires_at = least(h.expires_at + v_gap, clock_timestamp() + interval '8 hours')
  where (h.project_id, h.path, h.session_id) in (
    select o.project_id, o.path, o.session_id from coord.lock_shares o
    where o.expires_at > v_swept_at for update skip locked);
  update coord.tasks t set claim_expires_at =
    least(t.claim_expires_at + v_gap, clock_timestamp() + make_interval(secs => t.lease_seconds))
  where (t.project_id, t.task_id) in (
    select o.project_id, o.task_id from coord.tasks o
    where o.status = 'claimed' and o.claim_expires_at > v_swept_at for update skip locked);
  perform coord._journal(p.project_id, 'sweep', 'project', 'resumed', jsonb_build_object('seconds', extract(epoch from v_gap)))
  from coord.projects p;
  return true;
end
$$;

-- frame/_sweep.sql
-- Cleans up in one project (all when null): ends sessions that have lapsed, whose key was revoked in the middle of a
-- call, or that do not beat and were not heard of for a day, and lets happen to tasks what time does (see _sweep_tasks).
-- Nothing depends on it for correctness: every decision looks at expiry itself. Ends after a second, so that what was done
-- is kept; the next round goes on.
-- Concurrency: one at a time under an advisory lock; sessions are ended under their row locks after the lease was
-- looked at again, each task under its own guard (see _return_claims).
create function coord._sweep(p_project_id integer) returns jsonb
language plpgsql volatile
as $$
declare
  v_enough timestamptz := clock_timestamp() + interval '1 second';
  v_lapsed record;
  v_project_id integer;
  v_turn timestamptz;
  v_freed record;
  v_swept record;
  v_sessions integer := 0;
  v_locks integer := 0;
  v_tasks integer := 0;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('coord.sweep', 0)) then
    return '{"ended_sessions": 0, "returned_tasks": 0, "released_locks": 0}';
  end if;
  perform coord._resume();
  perform coord._beat();
  -- First, while this transaction holds nothing that anybody waits for.
  perform coord._make_handoffs(p_project_id);
  loop
    -- Half of the time, so that tasks have their turn, however many sessions there are.
    exit when clock_timestamp() > v_enough - interval '0.5 seconds';
    select l.project_id, array_agg(l.session_id) as session_ids into v_lapsed
    from (
      select s.project_id, s.session_id from coord.sessions s
      where s.ended_at is null
        and (not coord._holds(s.ended_at, s.lease_expires_at)
          or (not s.beats and s.last_call_at < clock_timestamp() - interval '24 hours')
          or exists (select from coord.api_keys k where k.key_id = s.key_id and k.revoked_at is not null))
        and (p_project_id is null or s.project_id = p_project_id)
      order by s.lease_expires_at limit 100 for update skip locked) l
    group by 1 order by 1 limit 1;
    exit when not found;
    for v_freed in
      select e.* from coord._end_sessions(v_lapsed.project_id, v_lapsed.session_ids, 'lapsed', true) e
    loop
      if v_freed.session_id = any (v_lapsed.session_ids) then
        perform coord._journal(v_lapsed.project_id, 'sweep', 'session:' || v_freed.session_id, 'lapsed',
          jsonb_build_object('released_locks', v_freed.released_locks, 'returned_tasks', v_freed.returned_tasks));
        v_sessions := v_sessions + 1;
      end if;
      v_locks := v_locks + v_freed.released_locks;
      v_tasks := v_tasks + v_freed.returned_tasks;
    end loop;
  end loop;
  for v_project_id in
    -- In no order, so that a round that ends early does not always miss the same ones.
    select p.project_id from coord.projects p where p_project_id is null or p.project_id = p_project_id order by random()
  loop
    v_turn := clock_timestamp() + interval '0.25 seconds';
    loop
      exit when clock_timestamp() > v_enough;
      v_swept := coord._sweep_tasks(v_project_id, 300, '500ms');
      v_tasks := v_tasks + v_swept.returned_tasks;
      exit when not v_swept.more or clock_timestamp() > v_turn;
    end loop;
    perform coord._sweep_approvals(v_project_id);
  end loop;

  -- Old rows are looked for in one of a hundred rounds, because the search reads whole tables.
  if random() < 0.01 then perform coord._forget(); end if;
  return jsonb_build_object('ended_sessions', v_sessions, 'returned_tasks', v_tasks, 'released_locks', v_locks);
end
$$;

-- frame/_trust.sql
-- How much the calling session is trusted, 0 to 4.
create function coord._trust(p_call coord._call) returns smallint
language sql stable
as $$
  select s.trust from coord.sessions s where s.project_id = p_call.project_id and s.session_id = p_call.session_id;
$$;

-- frame/_unknown_session.sql
-- What a caller is told whose session is not his, has been forgotten, or never was: the same, whichever it is.
create function coord._unknown_session() returns jsonb
language sql immutable
as $$
  select coord._error('unauthenticated', 'There is no such session.',
    'Register again: call register_session without naming a session.', '{"reason": "session_ended"}');
$$;

-- guardrails/_forget_violations.sql
-- Deletes violations after 90 days, a thousand a sweep.
create function coord._forget_violations() returns void
language sql volatile
as $$
  delete from coord.guardrail_violations v where (v.project_id, v.violation_id) in (
    select o.project_id, o.violation_id from coord.guardrail_violations o
    where o.at < clock_timestamp() - interval '90 days' limit 1000 for update skip locked);
$$;

-- guardrails/_judged.sql
-- The verdict on what core has found, for the trust of this caller: a rule that the caller may bypass only warns. The
-- heaviest of the others decides. Trust is decided here and not in core, which does not know it.
create function coord._judged(p_call coord._call, p_computed jsonb) returns jsonb
language sql stable
as $$
  with
  caller as (select coord._trust(p_call) as trust),
  violations as (
    select v.violation || jsonb_build_object('bypassed', w.bypassed) as violation, v.place, w.bypassed,
      case when w.bypassed then least(w.weight, 1) else w.weight end as weight
    from caller c
    cross join lateral jsonb_array_elements(p_computed -> 'violations') with ordinality v(violation, place)
    cross join lateral (select
      coalesce(c.trust >= (v.violation ->> 'bypass_trust')::smallint, false) as bypassed,
      array_position('{log,warn,needs_approval,block}', v.violation ->> 'severity') - 1 as weight) w)
  select jsonb_build_object(
    'safe', coalesce(max(v.weight), 0) < 2,
    'verdict', ('{allow,warn,needs_approval,block}'::text[])[coalesce(max(v.weight), 0) + 1],
    'violations', coalesce(jsonb_agg(v.violation order by v.weight desc, v.place), '[]'),
    'rules_version', p_computed ->> 'rules_version')
  from violations v;
$$;

-- guardrails/_next_guardrails_version.sql
-- Counts a change of the project's rules. Its row is locked until the end of the transaction, so that two changes
-- follow each other; it is the first that either locks.
create function coord._next_guardrails_version(p_project_id integer) returns integer
language sql volatile
as $$
  insert into coord.guardrail_versions as v (project_id, version) values (p_project_id, 1)
  on conflict (project_id) do update set version = v.version + 1
  returning version;
$$;

-- guardrails/_record_violations.sql
-- Keeps the violations of a verdict, one row each; of one agent, its subagents included, some 200 an hour. The verdict
-- itself does not depend on it, and a call that is refused is in the journal.
create function coord._record_violations(p_call coord._call, p_verdict jsonb) returns void
language sql volatile
as $$
  insert into coord.guardrail_violations (project_id, violation_id, session_id, agent, operation, rule, category, severity, bypassed,
    verdict, matched_text, rules_version)
  select p_call.project_id, coord._new_id(), p_call.session_id, p_call.agent, p_call.operation, v.rule, v.category, v.severity, v.bypassed,
    p_verdict ->> 'verdict', v.matched_text, p_verdict ->> 'rules_version'
  from jsonb_to_recordset(p_verdict -> 'violations') v(rule text, category text, severity text, bypassed boolean,
    matched_text text)
  where not exists (
    select from coord.guardrail_violations o
    where o.project_id = p_call.project_id and o.at > clock_timestamp() - interval '1 hour'
      and split_part(o.agent, '/', 1) = split_part(p_call.agent, '/', 1)
    offset 199 limit 1);
$$;

-- handoffs/_journalled_handoff.sql
-- The handoff of a session that ended without writing one, from its journal; null when it wrote one or did nothing that
-- anybody has to know: no task, no path, no decision. Always the same for the same session, however late it is asked for.
-- Bounded: 20 lines of a kind.
create function coord._journalled_handoff(p_session coord.sessions) returns coord.handoffs
language plpgsql stable
as $$
declare
  v_entries coord.journal[];
  v_handoff coord.handoffs;
  v_left text[];
  v_submitted bigint;
begin
  perform from coord.handoffs h where h.project_id = p_session.project_id and h.agent = p_session.agent
    and h.session_id = p_session.session_id;
  if found then return null; end if;
  v_entries := array(
    select e from coord._session_entries(p_session) e where e.outcome = 'ok' or e.session_id is null);
  select coalesce(array_agg(t.line) filter (where t.is_done), '{}'),
    coalesce(array_agg(t.line) filter (where not t.is_done), '{}')
    into v_handoff.completed, v_handoff.in_progress
  from coord._tasks_of_entries(p_session.project_id, v_entries) t;
  select coalesce(array_agg(p.path), '{}'), coalesce(array_agg(p.path) filter (where p.is_left), '{}')
    into v_handoff.relevant_files, v_left
  from coord._paths_of_entries(p_session.session_id, v_entries) p;
  v_handoff.decisions := array(
    select left(format('%s: %s. Because: %s', d.type, rtrim(d.context, '.'), d.reason), 300)
    from unnest(v_entries) e
    join coord.decisions d on d.project_id = e.project_id
      and d.decision_id = coord._resource_id(e.resource, 'decision')
    order by d.decision_id desc limit 20);
  v_submitted := (select count(*) from unnest(v_entries) e where e.operation like 'submit\_work%');
  if v_submitted = 0
    and v_handoff.completed || v_handoff.in_progress || v_handoff.relevant_files || v_handoff.decisions = '{}'
  then
    return null;
  end if;
  v_handoff.summary := concat_ws(' ',
    format('Put together from the journal: %s ended without a handoff (%s).', p_session.agent,
      rtrim(left(p_session.end_reason, 200), '.')),
    'It said it was working on: ' || left(p_session.working_on, 300) || '.',
    format('Tasks done: %s; left unfinished: %s. Paths locked: %s, of which %s at the end.',
      cardinality(v_handoff.completed), cardinality(v_handoff.in_progress), cardinality(v_handoff.relevant_files),
      cardinality(v_left)),
    'Tasks submitted: ' || nullif(v_submitted, 0) || '.');
  v_handoff.next_steps := array_remove(array[
    case when v_handoff.in_progress <> '{}' then 'See who has the unfinished tasks now; get_work hands out those that are free.' end,
    case when v_left <> '{}' then left('Look for half-made changes in what was locked at the end: '
      || array_to_string(v_left[1:20], ', '), 1000) end], null);
  v_handoff.project_id := p_session.project_id;
  v_handoff.handoff_id := p_session.session_id;
  v_handoff.session_id := p_session.session_id;
  v_handoff.agent := p_session.agent;
  v_handoff.agent_type := p_session.agent_type;
  v_handoff.automatic := true;
  v_handoff.created_at := p_session.ended_at;
  v_handoff.completed := v_handoff.completed[1:20];
  v_handoff.in_progress := v_handoff.in_progress[1:20];
  v_handoff.relevant_files := v_handoff.relevant_files[1:50];
  return v_handoff;
end
$$;

-- handoffs/_make_handoffs.sql
-- Makes the handoffs of sessions that ended without one, in one project or in all (null); for a quarter of a second,
-- the next round of the sweeper goes on. In each project the newest of each agent with its subagents comes first, then the
-- second of each, so that none waits for another who ends more sessions than handoffs are made. At most 5,000 of the
-- newest are looked at, and of the oldest.
-- It is done here and not where a session ends, so that no end waits for it or fails by it; until then, readers see
-- what it will be (see _recent_handoffs).
-- Concurrency: the session's row is locked and its mark taken away in the transaction that writes the handoff, so each
-- is made once, whoever is killed in between; the primary key stands behind that. What cannot be made is given up, and
-- the journal says so: it must not keep the sweeper from its other work.
create function coord._make_handoffs(p_project_id integer) returns void
language plpgsql volatile
as $$
declare
  v_enough timestamptz := clock_timestamp() + interval '0.25 seconds';
  v_is_done boolean;
  v_ended record;
  v_session coord.sessions;
  v_handoff coord.handoffs;
begin
  loop
    v_is_done := true;
    for v_ended in
      select p.project_id, e.session_id from coord.projects p
      cross join lateral (
        select n.session_id, row_number() over (partition by n.account order by n.handoff_xact desc) as place
        from (
          (select s.session_id, coalesce(s.delegated_from, s.agent) as account, s.handoff_xact from coord.sessions s
            where s.project_id = p.project_id and s.handoff_xact is not null order by s.handoff_xact desc limit 5000)
          union
          (select s.session_id, coalesce(s.delegated_from, s.agent), s.handoff_xact from coord.sessions s
            where s.project_id = p.project_id and s.handoff_xact is not null order by s.handoff_xact limit 5000)) n
        order by place limit 1000) e
      where p_project_id is null or p.project_id = p_project_id
      order by e.place, random()
    loop
      exit when clock_timestamp() > v_enough;
      select s.* into v_session from coord.sessions s
      where s.project_id = v_ended.project_id and s.session_id = v_ended.session_id and s.handoff_xact is not null
      for update skip locked;
      continue when not found;
      v_is_done := false;
      update coord.sessions s set handoff_xact = null
      where s.project_id = v_session.project_id and s.session_id = v_session.session_id;
      begin
        v_handoff := coord._journalled_handoff(v_session);
        if v_handoff.handoff_id is not null then
          insert into coord.handoffs select (v_handoff).*;
          perform coord._journal(v_session.project_id, 'sweep', 'handoff:' || v_handoff.handoff_id, 'written',
            jsonb_build_object('agent', v_session.agent, 'summary', left(v_handoff.summary, 200)));
        end if;
      exception when others then
        perform coord._journal(v_session.project_id, 'sweep', 'session:' || v_session.session_id, 'internal',
          jsonb_build_object('sqlstate', sqlstate));
      end;
    end loop;
    exit when v_is_done or clock_timestamp() > v_enough;
  end loop;
end
$$;

-- handoffs/_offered_handoffs.sql
-- What a session that begins should know of: three handoffs of a week, the newest of each agent with its subagents, its
-- own first, then those that agents wrote. In short; read_handoff has the whole.
-- Own ones and written ones are looked up by themselves, so that sessions of another agent, however many, keep none of
-- them from being offered.
create function coord._offered_handoffs(p_project_id integer, p_session_id uuid, p_agent text) returns jsonb
language plpgsql stable
as $$
begin
  return (select coalesce(jsonb_agg(jsonb_build_object('handoff_id', o.handoff_id, 'agent', o.agent, 'created_at', o.created_at,
    'automatic', o.automatic, 'summary', left(o.summary, 300)) order by o.created_at desc), '[]')
  from (
    select * from (
      select distinct on (case when r.agent = p_agent then '/' else split_part(r.agent, '/', 1) end) r.* from (
        select h.* from coord._recent_handoffs(p_project_id, p_agent, null, 3) h
        union all
        (select w.* from coord.handoffs w where w.project_id = p_project_id and not w.automatic
          order by w.created_at desc limit 50)
        union all
        select h.* from coord._recent_handoffs(p_project_id, null, null, 10) h) r
      where r.session_id <> p_session_id and r.created_at > clock_timestamp() - interval '7 days'
      order by case when r.agent = p_agent then '/' else split_part(r.agent, '/', 1) end, r.created_at desc) n
    order by n.agent = p_agent desc, n.automatic, n.created_at desc limit 3) o);
end
$$;

-- handoffs/_paths_of_entries.sql
-- The paths that journal rows of a session locked, newest first, and whether it still had them when it ended: what was
-- released, given back with a task, or forced away it had not.
create function coord._paths_of_entries(p_session_id uuid, p_entries coord.journal[]) returns table (path text, is_left boolean)
language plpgsql stable
as $$
begin
  return query
    select p.path, p.is_taken from (
      select distinct on (t.path) t.* from (
        select k.path, true as is_taken, k.xact_id, k.entry_id from coord._taken_paths(p_entries) k
        union all
        select coalesce(r.path, e.resource), false, e.xact_id, e.entry_id from unnest(p_entries) e
        left join jsonb_array_elements_text(e.detail -> 'released_paths') r(path) on true
        where e.operation = 'release_lock'
        union all
        select f.path, false, e.xact_id, e.entry_id from unnest(p_entries) e
        join coord.tasks d on d.project_id = e.project_id
          and d.task_id = coord._resource_id(e.resource, 'task')
        cross join unnest((d.terms).paths) f(path)
        where e.operation in ('complete_work', 'release_task')
        union all
        select f.path, false, e.xact_id, e.entry_id from unnest(p_entries) e
        cross join jsonb_to_recordset(e.detail -> 'freed') f(path text, session_id uuid)
        where e.operation = 'force_release_lock' and f.session_id = p_session_id) t
      order by t.path, t.xact_id desc, t.entry_id desc) p
    order by p.xact_id desc, p.entry_id desc;
end
$$;

-- handoffs/_recent_handoffs.sql
-- Handoffs, newest first, those included that the sweeper has still to make: nobody has to wait for it. Of these it
-- looks at the three newest sessions that may need one, since each costs a look at the journal.
-- Concurrency: one snapshot for both kinds, so that a handoff that is just being made is there once.
create function coord._recent_handoffs(p_project_id integer, p_agent text, p_handoff_id uuid, p_limit integer)
returns setof coord.handoffs
language sql stable
as $$
  select r.* from (
    (select h.* from coord.handoffs h
      where h.project_id = p_project_id and (p_agent is null or h.agent = p_agent)
        and (p_handoff_id is null or h.handoff_id = p_handoff_id)
      order by h.created_at desc limit p_limit)
    union all
    select (d.handoff).* from (
      select coord._journalled_handoff(s) as handoff from (
        select o.* from coord.sessions o
        where o.project_id = p_project_id and o.handoff_xact is not null and (p_agent is null or o.agent = p_agent)
          and (p_handoff_id is null or o.session_id = p_handoff_id)
        order by o.handoff_xact desc limit 3) s offset 0) d
    where (d.handoff).handoff_id is not null) r
  order by r.created_at desc, r.handoff_id limit p_limit;
$$;

-- handoffs/_session_entries.sql
-- What an ended session did, as the journal has it, newest first: its own rows, those about its claims and those that
-- forced its locks away, at most 500, among the last 20,000 of the project before its end. That is a range of the
-- primary key, so that the journal, which every write adds to, needs no index of sessions.
create function coord._session_entries(p_session coord.sessions) returns setof coord.journal
language plpgsql stable
as $$
declare
  v_first constant xid8 := coalesce(coord._last_entries(p_session.project_id, p_session.began_xact,
    p_session.handoff_xact), p_session.began_xact);
begin
  return query
    select j.* from coord.journal j
    where j.project_id = p_session.project_id and j.xact_id between v_first and p_session.handoff_xact
      and (j.session_id = p_session.session_id
        or (j.session_id is null and j.detail ->> 'session_id' = p_session.session_id::text)
        or (j.operation = 'force_release_lock' and j.detail @>
          jsonb_build_object('freed', jsonb_build_array(jsonb_build_object('session_id', p_session.session_id)))))
    order by j.xact_id desc, j.entry_id desc limit 500;
end
$$;

-- handoffs/_tasks_of_entries.sql
-- The tasks that journal rows of a session are about, as lines for people: what came of each, and the last note on it.
create function coord._tasks_of_entries(p_project_id integer, p_entries coord.journal[])
returns table (is_done boolean, line text)
language sql stable
as $$
  with entries as (
    select e.*, row_number() over (partition by e.resource order by e.xact_id desc, e.entry_id desc) as nth
    from unnest(p_entries) e
    where coord._resource_id(e.resource, 'task') is not null and (e.session_id is null
      or e.operation in ('get_work', 'get_work_batch', 'report_progress', 'complete_work', 'release_task'))
  )
  select l.is_done, left(l.line, 300) from (
    select e.operation = 'complete_work' and e.detail ->> 'status' = 'done' as is_done, concat(t.title, ' (', e.resource,
      ')', ': ' || nullif(concat_ws('; ',
        case when e.operation = 'complete_work' and e.detail ->> 'status' <> 'done'
          then 'attempt failed: ' || coalesce(e.detail ->> 'error', 'no reason given') end,
        (select n.detail ->> 'note' from entries n where n.resource = e.resource and n.operation = 'report_progress'
          order by n.nth limit 1)), '')) as line,
      e.xact_id, e.entry_id
    from entries e
    join coord.tasks t on t.project_id = p_project_id and t.task_id = coord._resource_id(e.resource, 'task')
    where e.nth = 1) l
  order by l.xact_id desc, l.entry_id desc;
$$;

-- journal/_about.sql
-- lock:<path> for each path of a call that locks or releases: the one that its journal row names, then the others,
-- which stand in the detail.
create function coord._about(p_resource text, p_detail jsonb) returns text[]
language sql immutable
as $$
  select array['lock:' || p_resource] || array(
    select distinct 'lock:' || (o.path #>> '{}')
    from unnest(array['$.path', '$.locks[*].path', '$.freed[*].path', '$.released_paths[*]']::jsonpath[]) w("where")
    cross join lateral jsonb_path_query(p_detail, w."where") o(path)
    where o.path #>> '{}' <> p_resource order by 1);
$$;

-- journal/_concerns.sql
-- What a journal row is about, as readers of events name it: task:<id>, session:<id>, and lock:<path> for each path of
-- a call that locks or releases. Has no query in it, so that Postgres inlines it: 10,000 rows a second may be read. A
-- call with several paths, of which the row names the first, is left to _about.
create function coord._concerns(p_operation text, p_resource text, p_detail jsonb) returns text[]
language sql immutable
as $$
  select case
    when p_operation not like '%\_lock' or p_resource like 'session:%' then array[p_resource]
    when p_detail is null or coalesce(p_detail -> 1, p_detail -> 'locks' -> 1, p_detail -> 'released_paths' -> 1,
      p_detail -> 'freed' -> 1) is null then array['lock:' || p_resource]
    else coord._about(p_resource, p_detail)
  end;
$$;

-- journal/_event.sql
-- A journal row as readers of events see it. A row type, because JSON is made faster from it than from pairs of name
-- and value, of which each costs a look at its type.
create type coord._event as (
  cursor text,
  happened_at timestamptz,
  subjects text[],
  operation text,
  outcome text,
  agent text,
  session_id uuid,
  detail jsonb
);

-- The event of a journal row. Its cursor is its place in the order of commits; see coord.journal. Takes the columns one
-- by one, because a row would be taken apart for each of them, and has no query in it, so that Postgres inlines it. To be
-- made json, which is only put together: jsonb is sorted and taken apart again, for twice the time.
create function coord._event(
  p_xact_id xid8, p_entry_id bigint, p_at timestamptz, p_session_id uuid, p_agent text, p_operation text,
  p_outcome text, p_resource text, p_detail jsonb
) returns coord._event
language sql stable
as $$
  select row(p_xact_id || '-' || p_entry_id, p_at, coord._concerns(p_operation, p_resource, p_detail), p_operation,
    p_outcome, p_agent, p_session_id, p_detail)::coord._event;
$$;

-- journal/_event_delay.sql
-- For how many seconds the oldest row of a project at or above the horizon has been kept from readers; null when there
-- is none. See _horizon for what keeps it back.
create function coord._event_delay(p_project_id integer, p_horizon xid8) returns integer
language sql volatile
as $$
  select extract(epoch from clock_timestamp() - j.at)::integer from coord.journal j
  where j.project_id = p_project_id and j.xact_id >= p_horizon
  order by j.xact_id, j.entry_id limit 1;
$$;

-- journal/_find_entries.sql
-- Rows of a project's journal before a key that pass the filters, newest first, at most p_limit or what fits into a
-- page; before is where to read on, null when there is nothing older. Of a filter that lets little pass 20,000 rows are
-- looked at, so that a call stays short however large the journal is. It walks the key backwards; times become keys by
-- halving (see _xact_at), a minute wider than asked for, because calls that overlap may be in another order.
create function coord._find_entries(
  p_project_id integer, p_before text, p_agent text, p_operation text, p_resource text, p_outcome text,
  p_session_id uuid, p_since timestamptz, p_until timestamptz, p_limit integer, out entries jsonb, out before text
)
language plpgsql stable
as $$
declare
  v_before record := coord._position(coalesce(p_before, '9223372036854775807-0'));
  v_from xid8 := case when p_since is null then '0' else coord._xact_at(p_project_id, p_since - interval '1 minute') end;
  v_to xid8 := case when p_until is null then '9223372036854775807'
    else coord._xact_at(p_project_id, p_until + interval '1 minute') end;
  v_most integer := case when num_nonnulls(p_agent, p_operation, p_resource, p_outcome, p_session_id, p_since, p_until) = 0
    then p_limit else 20000 end;
begin
  with seen as materialized (
    select j.* from coord.journal j
    where j.project_id = p_project_id and (j.xact_id, j.entry_id) < (v_before.xact_id, v_before.entry_id)
      and j.xact_id between v_from and v_to
    order by j.xact_id desc, j.entry_id desc limit v_most
  ), passed as (
    select s.* from seen s
    where (p_agent is null or s.agent = p_agent) and (p_operation is null or s.operation = p_operation)
      and (p_resource is null or s.resource = p_resource) and (p_outcome is null or s.outcome = p_outcome)
      and (p_session_id is null or s.session_id = p_session_id)
      and (p_since is null or s.at >= p_since) and (p_until is null or s.at < p_until)
    order by s.xact_id desc, s.entry_id desc limit p_limit
  ), sized as (
    select p.*,
      sum(coord._row_size(p.detail)) over (order by p.xact_id desc, p.entry_id desc rows unbounded preceding) as size
    from passed p
  ), page as (
    select coalesce(jsonb_agg(jsonb_build_object('cursor', p.xact_id || '-' || p.entry_id, 'happened_at', p.at,
      'duration_ms', greatest(0, least(2147483647, extract(epoch from p.at - p.started_at) * 1000)), 'agent', p.agent,
      'session_id', p.session_id, 'operation', p.operation, 'outcome', p.outcome, 'resource', p.resource,
      'detail', p.detail) order by p.xact_id desc, p.entry_id desc), '[]') as entries,
      count(*) = p_limit or count(*) < (select count(*) from passed) as is_full
    from sized p where p.size <= coord._page_bytes()
  )
  select g.entries, case when g.is_full then g.entries -> -1 ->> 'cursor'
    when (select count(*) from seen) = v_most then (
      select s.xact_id || '-' || s.entry_id from seen s order by s.xact_id, s.entry_id limit 1) end
  into entries, before
  from page g;
end
$$;

-- journal/_horizon.sql
-- Up to which transaction the journal is complete: rows below it are there for good, and no other will ever come. That
-- is the oldest transaction that is still open and has begun to write; whether it will write a row here is not known.
-- p_closely: those of other databases of the server do not count, because they cannot. Who they are takes a look at
-- all locks, so this is for who has waited already.
-- A statement that reads must begin after this one has ended: what it sees is then as complete as is said here.
create function coord._horizon(p_closely boolean) returns xid8
language plpgsql volatile
as $$
declare
  v_elsewhere xid[];
  v_snapshot pg_snapshot;
  v_horizon xid8;
begin
  if not p_closely then return pg_snapshot_xmin(pg_current_snapshot()); end if;
  -- Before the snapshot, so that one of them that ends now is in neither.
  v_elsewhere := array(
    select l.transactionid from pg_catalog.pg_locks l
    join pg_catalog.pg_stat_activity a on a.pid = l.pid
    join pg_catalog.pg_database d on d.datname = current_database() and a.datid <> d.oid
    where l.locktype = 'transactionid' and l.mode = 'ExclusiveLock' and l.granted);
  v_snapshot := pg_current_snapshot();
  select min(x.xact_id::text::bigint)::text::xid8 into v_horizon
  from pg_snapshot_xip(v_snapshot) x(xact_id) where x.xact_id::xid <> all (v_elsewhere);
  -- That of this call is not among those of its own snapshot.
  return least(coalesce(v_horizon, pg_snapshot_xmax(v_snapshot)), pg_current_xact_id_if_assigned());
end
$$;

-- journal/_is_small.sql
-- True when a detail is short in its row and not compressed there, which is told without reading it. Stable, as what it
-- calls: else Postgres does not inline it.
create function coord._is_small(p_detail jsonb) returns boolean
language sql stable parallel safe
as $$ select coalesce(pg_column_size(p_detail) <= 500 and pg_column_compression(p_detail) is null, true) $$;

-- journal/_journal.sql
-- Writes a journal row for what _leave does not: the sweeper's work, and what is made before there is a call.
create function coord._journal(
  p_project_id integer, p_operation text, p_resource text, p_outcome text, p_detail jsonb default null,
  p_session_id uuid default null, p_agent text default null
) returns void
language sql volatile
as $$
  insert into coord.journal (project_id, session_id, agent, operation, outcome, resource, detail)
  values (p_project_id, p_session_id, p_agent, p_operation, p_outcome, p_resource, p_detail);
$$;

-- journal/_journal_weight.sql
-- What it costs to read the detail of a journal row, about, in bytes; told without reading it. A call that locks 256
-- paths leaves tens of kilobytes, and who looks through 20,000 rows would read a gigabyte. Paths are compressed to
-- a quarter, and some to a hundredth. Of small ones 20,000 make up _look_bytes.
-- Stable, as what it calls: else Postgres does not inline it.
create function coord._journal_weight(p_detail jsonb) returns integer
language sql stable parallel safe
as $$
  select case when coord._is_small(p_detail) then 200
    when pg_column_compression(p_detail) is null then pg_column_size(p_detail) else 8 * pg_column_size(p_detail) end;
$$;

-- journal/_last_entries.sql
-- Where to begin reading so as to get the newest 20,000 rows of a project's journal between two transactions, or fewer
-- when they are heavy; null when there are no more than these. A range of the primary key: whoever reads on from there
-- reads no more than that.
create function coord._last_entries(p_project_id integer, p_from xid8, p_to xid8) returns xid8
language sql stable
as $$
  select w.xact_id
  from (
    select j.xact_id, j.entry_id, sum(coord._journal_weight(j.detail)) over (
      order by j.xact_id desc, j.entry_id desc rows unbounded preceding) as weight
    from coord.journal j
    where j.project_id = p_project_id and j.xact_id between p_from and p_to
    order by j.xact_id desc, j.entry_id desc) w
  where w.weight > coord._look_bytes()
  order by w.xact_id desc, w.entry_id desc limit 1;
$$;

-- journal/_move_floors.sql
-- Moves the floor of each project to its newest journal row that is older than 30 days.
-- Concurrency: called by the sweeper, one at a time; a floor that is read meanwhile is the old or the new one.
create function coord._move_floors() returns void
language plpgsql volatile
as $$
declare
  v_project_id integer;
  v_kept_from xid8;
begin
  for v_project_id in select p.project_id from coord.projects p order by p.project_id loop
    v_kept_from := coord._xact_at(v_project_id, clock_timestamp() - interval '30 days');
    insert into coord.journal_floors as f (project_id, xact_id, entry_id)
    select j.project_id, j.xact_id, j.entry_id from coord.journal j
    where j.project_id = v_project_id and j.xact_id < v_kept_from
    order by j.xact_id desc, j.entry_id desc limit 1
    on conflict (project_id) do update set xact_id = excluded.xact_id, entry_id = excluded.entry_id,
      moved_at = clock_timestamp()
    where (f.xact_id, f.entry_id) < (excluded.xact_id, excluded.entry_id);
  end loop;
end
$$;

-- journal/_next_events.sql
-- The next events of a project after a cursor and below the horizon, at most p_limit, or as many as fit into a page;
-- null when there are none. more: not all of those that p_limit would have let pass.
-- Nearly always all details are small: only when one is not, the rows are measured, and read once more.
create function coord._next_events(
  p_project_id integer, p_cursor text, p_horizon xid8, p_limit integer, out events json, out more boolean
)
language plpgsql volatile
as $$
declare
  v_after record := coord._position(p_cursor);
  v_limit integer := p_limit;
  v_fits boolean := false;
begin
  loop
    select json_agg(coord._event(e.xact_id, e.entry_id, e.at, e.session_id, e.agent, e.operation, e.outcome, e.resource,
        e.detail) order by e.xact_id, e.entry_id) filter (where v_fits or coord._is_small(e.detail)),
      v_fits or coalesce(bool_and(coord._is_small(e.detail)), true)
    into events, v_fits
    from (
      select j.* from coord.journal j
      where j.project_id = p_project_id and (j.xact_id, j.entry_id) > (v_after.xact_id, v_after.entry_id)
        and j.xact_id < p_horizon
      order by j.xact_id, j.entry_id limit v_limit) e;
    exit when v_fits;
    select count(*), true into v_limit, v_fits
    from (
      select sum(coord._row_size(j.detail)) over (order by j.xact_id, j.entry_id rows unbounded preceding) as size
      from coord.journal j
      where j.project_id = p_project_id and (j.xact_id, j.entry_id) > (v_after.xact_id, v_after.entry_id)
        and j.xact_id < p_horizon
      order by j.xact_id, j.entry_id limit p_limit) s
    where s.size <= coord._page_bytes();
  end loop;
  more := v_limit < p_limit;
end
$$;

-- journal/_position.sql
-- A cursor as the key of the journal it stands for. Cursors are texts, because doubles cannot hold them.
create function coord._position(p_cursor text, out xact_id xid8, out entry_id bigint)
language sql immutable
as $$ select split_part(p_cursor, '-', 1)::xid8, split_part(p_cursor, '-', 2)::bigint $$;

-- journal/_read_events.sql
-- Events of a project that come after a cursor and pass the filters, in the order of the journal's key, at most p_limit
-- or what fits into a page; cursor is where to read on, is_more says that this was not all. Of a filter that lets
-- little pass 20,000 rows are looked at, or fewer heavy ones, so that a call stays short.
-- Nothing is ever skipped: only rows below the horizon are read, and what commits late stands above it (see _horizon).
-- The cursor moves over rows of this project alone, so that it tells nothing of others but how much they write.
create function coord._read_events(
  p_project_id integer, p_horizon xid8, p_after text, p_subject text, p_agent text, p_operation text,
  p_task_id uuid, p_session_id uuid, p_limit integer, out events jsonb, out cursor text, out is_more boolean
)
language plpgsql volatile
as $$
declare
  v_after record := coord._position(p_after);
  v_most integer := case when num_nonnulls(p_subject, p_agent, p_operation, p_task_id, p_session_id) = 0
    then p_limit else 20000 end;
begin
  with next as materialized (
    select j.*, sum(coord._journal_weight(j.detail)) over (
      order by j.xact_id, j.entry_id rows between unbounded preceding and 1 preceding) as weight_before
    from coord.journal j
    where j.project_id = p_project_id and (j.xact_id, j.entry_id) > (v_after.xact_id, v_after.entry_id)
      and j.xact_id < p_horizon
    order by j.xact_id, j.entry_id limit v_most
  ), seen as (
    select n.* from next n where coalesce(n.weight_before, 0) < coord._look_bytes()
  ), passed as (
    select s.* from seen s
    where (p_agent is null or s.agent = p_agent) and (p_operation is null or s.operation = p_operation)
      and (p_session_id is null or s.session_id = p_session_id)
      and (p_task_id is null or s.resource = 'task:' || p_task_id)
      and (p_subject is null or exists (
        select from unnest(coord._concerns(s.operation, s.resource, s.detail)) o(subject)
        where starts_with(o.subject, p_subject)))
    order by s.xact_id, s.entry_id limit p_limit
  ), sized as (
    select p.*, sum(coord._row_size(p.detail)) over (order by p.xact_id, p.entry_id rows unbounded preceding) as size
    from passed p
  ), page as (
    select coalesce(json_agg(coord._event(p.xact_id, p.entry_id, p.at, p.session_id, p.agent, p.operation,
      p.outcome, p.resource, p.detail) order by p.xact_id, p.entry_id), '[]')::jsonb as events,
      count(*) = p_limit or count(*) < (select count(*) from passed) as is_full
    from sized p where p.size <= coord._page_bytes()
  )
  select g.events, g.is_full or (select count(*) from seen) = v_most
      or (select count(*) from seen) < (select count(*) from next),
    case when g.is_full then g.events -> -1 ->> 'cursor'
      else coalesce((select s.xact_id || '-' || s.entry_id from seen s order by s.xact_id desc, s.entry_id desc limit 1),
        p_after) end
  into events, is_more, cursor
  from page g;
end
$$;

-- journal/_refuse_cursor.sql
-- Refuses a cursor from which nothing can be read on without a gap: one that lies before the floor, and one that this
-- database has not given to anybody, because it lies in the future. Null for every other.
create function coord._refuse_cursor(p_call coord._call, p_after text, p_floor text, p_horizon xid8) returns jsonb
language plpgsql volatile
as $$
declare
  v_after record := coord._position(p_after);
  v_floor record := coord._position(p_floor);
begin
  if (v_after.xact_id, v_after.entry_id) < (v_floor.xact_id, v_floor.entry_id) and p_after <> '0-0' then
    return coord._refuse(p_call, 'not_found', 'after: events that follow this cursor are no longer kept (30 days).',
      format('Look at the present state, and read on from %s, the oldest cursor there is.', p_floor),
      jsonb_build_object('reason', 'cursor_expired', 'oldest_cursor', p_floor));
  elsif v_after.xact_id >= p_horizon then
    return coord._refuse(p_call, 'invalid_input', 'after: this cursor was not given out by this database.',
      'Look at the present state, and begin anew: after "now".', '{"reason": "cursor_unknown"}');
  end if;
  return null;
end
$$;

-- journal/_row_size.sql
-- About how many characters a journal row has as JSON, at most those of a page. Few are written out to be measured.
create function coord._row_size(p_detail jsonb) returns integer
language sql stable parallel safe
as $$
  select case when coord._is_small(p_detail) then 500 else least(length(p_detail::text), coord._page_bytes()) end;
$$;

-- journal/_xact_at.sql
-- The first transaction of a project's journal that has a row as late as that; null when the journal is empty, the one
-- after the last when all rows are earlier. The journal has no index by time, but its time grows with its key (but for
-- transactions that overlap, which last seconds), so it is found by halving.
create function coord._xact_at(p_project_id integer, p_at timestamptz) returns xid8
language plpgsql stable
as $$
declare
  -- Rows below v_low are earlier, those from v_high on are not.
  v_low bigint;
  v_high bigint;
  v_row record;
begin
  select min(j.xact_id::text::bigint), max(j.xact_id::text::bigint) + 1 into v_low, v_high
  from (
    (select f.xact_id from coord.journal f where f.project_id = p_project_id order by f.xact_id limit 1)
    union all
    (select l.xact_id from coord.journal l where l.project_id = p_project_id order by l.xact_id desc limit 1)) j;
  while v_low < v_high loop
    select m.xact_id::text::bigint as xact_id, m.at into v_row from coord.journal m
    where m.project_id = p_project_id and m.xact_id >= ((v_low + v_high) / 2)::text::xid8
    order by m.xact_id, m.entry_id limit 1;
    if v_row.at < p_at then v_low := v_row.xact_id + 1;
    else v_high := (v_low + v_high) / 2;
    end if;
  end loop;
  return v_low::text::xid8;
end
$$;

-- keys/_exceeds_scopes.sql
-- Whether a key with these scopes (null: all) could do what the scopes of the caller's own key do not include.
create function coord._exceeds_scopes(p_call coord._call, p_scopes text[]) returns boolean
language sql stable
as $$
  select exists (
    select from coord.sessions s
    join coord.api_keys k on k.key_id = s.key_id and k.project_id = s.project_id and k.scopes is not null
    cross join jsonb_each(coord._operation_words()) o
    where s.project_id = (p_call).project_id and s.session_id = (p_call).session_id
      and (p_scopes is null or o.value ?| p_scopes) and not o.value ?| k.scopes);
$$;

-- keys/_key_shown_already.sql
-- What a repetition of a call is told instead of the key that the call made.
create function coord._key_shown_already(p_key_id text) returns jsonb
language sql immutable
as $$
  select coord._error('conflict', 'This key was made already and is shown only once.',
    format('If it got lost, revoke it (%s) and make another.', p_key_id));
$$;

-- keys/_new_key.sql
-- A key nobody has: ac_<id>_<secret><checksum>. 256 random bits from three UUIDs of Postgres' own strong generator; the
-- checksum lets doors refuse a mistyped key without asking.
create function coord._new_key(out key_id text, out secret_hash text, out api_key text)
language plpgsql volatile
as $$
declare
  v_secret text := encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
    || uuid_send(gen_random_uuid())), 'hex');
begin
  key_id := left(encode(sha256(uuid_send(gen_random_uuid())), 'hex'), 12);
  secret_hash := encode(sha256(convert_to(v_secret, 'UTF8')), 'hex');
  api_key := 'ac_' || key_id || '_' || v_secret
    || left(encode(sha256(convert_to(key_id || '_' || v_secret, 'UTF8')), 'hex'), 8);
end
$$;

-- locks/_acquire.sql
-- acquire_lock for all but one free plain file; answers that the frame has are passed on. Renewals, several free files
-- and a plain refusal need no more than the rows themselves; the rest is decided by _acquire_closely.
create function coord._acquire(
  p_call coord._call, p_paths text[], p_reason text, p_ttl_seconds integer, p_shared boolean, p_wait_seconds integer
) returns jsonb
language plpgsql volatile set plan_cache_mode = force_generic_plan
as $$
declare
  v_paths text[];
  v_locks jsonb;
begin
  if p_call.answer is not null then return p_call.answer; end if;
  if p_call.extra ? 'limits' then
    return coord._acquire_within_limits(p_call, p_paths, p_reason, p_ttl_seconds, p_shared, p_wait_seconds);
  end if;
  v_paths := coord._normal_paths(p_paths);
  if not p_shared and v_paths[2] is null then
    v_locks := coord._renew_lock(p_call, v_paths[1], p_reason, p_ttl_seconds);
  elsif not p_shared then
    v_locks := coord._take_free(p_call, v_paths, p_reason, p_ttl_seconds);
  end if;
  if v_locks is not null then
    return coord._leave(p_call, jsonb_build_object('acquired', true, 'locks', v_locks), v_paths[1], v_locks);
  elsif p_wait_seconds = 0 and v_paths[2] is null and coord._is_held(p_call, v_paths[1]) then
    return coord._refuse_lock(p_call, v_paths, p_shared);
  end if;
  perform coord._serialize_locks(p_call.project_id, p_paths[1]);
  return coord._acquire_closely(p_call, v_paths, p_reason, p_ttl_seconds, p_shared, p_wait_seconds);
end
$$;

-- locks/_acquire_closely.sql
-- acquire_lock for a caller that has the advisory lock, with paths in normal form and order: trees and globs, shared
-- locks, new paths, locks that have expired or are waited for. See _take for why it is safe.
create function coord._acquire_closely(
  p_call coord._call, p_paths text[], p_reason text, p_ttl_seconds integer, p_shared boolean, p_wait_seconds integer
) returns jsonb
language plpgsql volatile
as $$
declare
  v_waiter_id bigint := coord._place_in_queue(p_call, p_paths, p_shared);
  v_taken record;
  v_refusal jsonb;
begin
  v_refusal := coord._refuse_broad(p_call, p_paths);
  if v_refusal is not null then return v_refusal; end if;
  if coord._too_many_scopes(p_call, p_paths) then
    return coord._refuse(p_call, 'limit_exceeded', 'An agent can hold and wait for 50 trees at once, 10 of them globs.',
      'Release some, or lock one tree instead of several in it.', '{"reason": "too_many_scopes"}');
  end if;
  if p_shared and coord._shares_too_much(p_call, p_paths) then
    return coord._refuse(p_call, 'limit_exceeded', 'An agent can share 2,000 paths at once, each session counted by itself.',
      'Release some, or end sessions whose shares have lapsed, or share one tree instead of its files.', '{"reason": "too_many_shares"}');
  end if;
  v_taken := coord._take(p_call, p_paths, p_shared, p_reason, p_ttl_seconds, null, v_waiter_id);
  if v_taken.locks is not null then
    return coord._leave(p_call, jsonb_build_object('acquired', true, 'locks', v_taken.locks), p_paths[1], v_taken.locks);
  elsif v_taken.full_until is not null then
    return coord._refuse(p_call, 'limit_exceeded', 'This agent has locked 5,000 new paths within an hour.',
      'Go on at resets_at, or with what has been locked before. A tree such as src/api/ counts once, with all its files.',
      jsonb_build_object('reason', 'too_many_paths', 'resets_at', v_taken.full_until,
        'retry_after_seconds', ceil(extract(epoch from v_taken.full_until - clock_timestamp()))));
  elsif p_wait_seconds > 0 and v_waiter_id is null and coord._waits_too_much(p_call, p_paths) then
    return coord._refuse(p_call, 'limit_exceeded', 'An agent waits for 2,000 paths, and with 200 calls, at most.',
      'Wait for a tree instead of its files, or let one call be answered first.', '{"reason": "too_many_waiting"}');
  elsif p_wait_seconds > 0 then
    return coord._wait_for_lock(p_call, p_paths, p_shared, v_waiter_id);
  end if;
  return coord._refuse_lock(p_call, p_paths, p_shared);
end
$$;

-- locks/_are_many_scopes.sql
-- Whether these are more trees and globs than one agent may have, or one task may name: 50, of which 10 are globs.
create function coord._are_many_scopes(p_paths text[]) returns boolean
language plpgsql immutable parallel safe
as $$
begin
  return (
    select count(*) > 50 or count(*) filter (where coord._is_glob(p.path)) > 10
    from unnest(p_paths) p(path) where coord._is_scope(p.path));
end
$$;

-- locks/_are_too_broad.sql
-- Whether some of these paths, in normal form, reach further than the caller may lock.
create function coord._are_too_broad(p_call coord._call, p_paths text[]) returns boolean
language plpgsql volatile
as $$
begin
  if not exists (select from unnest(p_paths) p(path) where coord._is_broad(p.path)) then return false; end if;
  return coord._trust(p_call) < 3;
end
$$;

-- locks/_blockers.sql
-- What keeps a session from paths: live locks of others that overlap them, unless both are shared, and others that wait
-- for overlapping paths since before. p_waiter_id: the place of the session itself in the queue, null for its end.
-- p_limit: where more locks than that are held below the trees and globs, these are all that is answered of locks, so
-- that asking in vain does not take longer, the more there are.
-- Called after _serialize_locks; whoever goes on to grant has to lock the rows before, because a fast UPDATE may take
-- one meanwhile.
create function coord._blockers(
  p_project_id integer, p_session_id uuid, p_paths text[], p_shared boolean, p_waiter_id bigint default null,
  p_limit integer default null
) returns table (
  path text, session_id uuid, reason text, since timestamptz, expires_at timestamptz, waiter_id bigint
)
language plpgsql volatile
as $$
declare
  v_lacking text[] := coord._lacking_paths(p_project_id, p_session_id, p_paths, p_shared);
  v_rows text[] := '{}';
begin
  if v_lacking = '{}' then return; end if;
  if p_limit is not null then
    v_rows := coord._held_below(p_project_id, p_session_id, v_lacking, p_limit);
  end if;
  if cardinality(v_rows) < coalesce(p_limit, 1) then v_rows := coord._overlapping_rows(p_project_id, v_lacking); end if;
  return query
    with held as materialized (
      select l.path, l.session_id, l.reason, l.acquired_at, l.expires_at from coord.locks l
      where l.project_id = p_project_id and l.path = any (v_rows)
        and l.session_id <> p_session_id and l.expires_at > clock_timestamp()
      union all
      select s.path, s.session_id, s.reason, s.acquired_at, s.expires_at from coord.lock_shares s
      where not p_shared and s.project_id = p_project_id and s.path = any (v_rows)
        and s.session_id <> p_session_id and s.expires_at > clock_timestamp()
    ), dead as materialized (
      -- Once a session, however many locks it has.
      select d.session_id from (select distinct o.session_id from held o) d
      where coord._is_dead(p_project_id, d.session_id)
    )
    select h.path, h.session_id, h.reason, h.acquired_at, h.expires_at, null::bigint
    from held h where h.session_id not in (select d.session_id from dead d);
  return query
    select w.paths[1], w.session_id, null::text, w.since, null::timestamptz, w.waiter_id
    from coord.lock_waiters w
    where w.project_id = p_project_id and w.session_id <> p_session_id and not (p_shared and w.shared)
      and (p_waiter_id is null or w.waiter_id < p_waiter_id)
      and coord._sets_overlap(v_lacking, w.paths);
end
$$;

-- locks/_covers.sql
-- Whether a tree or a glob contains the whole of another path, so that who holds it needs nothing more. May say no of a
-- glob that does.
create function coord._covers(p_scope text, p_path text) returns boolean
language plpgsql immutable parallel safe
as $$
begin
  return case when coord._is_scope(p_path) then
    (p_scope = './' or (p_scope ~ '/$' and starts_with(p_path, p_scope)))
    else coord._overlaps(p_scope, p_path) end;
end
$$;

-- locks/_deadlock.sql
-- Whether waiting for these paths would close a circle: a path of the caller that somebody in its way waits for, over
-- however many others; null when there is none. Circles are made only by those who begin to wait, so it is enough to
-- look then. Looks at some hundred locks in the way of each, for a quarter of a second: others wait for the project's
-- lock. A circle that is not found by then ends with the time that somebody waits.
create function coord._deadlock(p_call coord._call, p_paths text[], p_shared boolean) returns text
language plpgsql volatile
as $$
declare
  v_until timestamptz := clock_timestamp() + interval '250 ms';
  v_ahead uuid[] := array(
    select distinct b.session_id
    from coord._blockers(p_call.project_id, p_call.session_id, p_paths, p_shared, p_limit => 100) b);
  v_seen uuid[] := '{}';
  v_next uuid[];
  v_path text;
begin
  while v_ahead <> '{}' loop
    select coalesce(array_agg(distinct b.session_id), '{}'),
      min(b.path) filter (where b.session_id = p_call.session_id) into v_next, v_path
    from coord.lock_waiters w
    cross join lateral coord._blockers(p_call.project_id, w.session_id, w.paths, w.shared, w.waiter_id,
      p_limit => 100) b
    where w.project_id = p_call.project_id and w.session_id = any (v_ahead) and clock_timestamp() < v_until;
    if v_path is not null then return v_path; end if;
    v_seen := v_seen || v_ahead;
    v_ahead := array(select n.session_id from unnest(v_next) n(session_id) where n.session_id <> all (v_seen));
  end loop;
  return null;
end
$$;

-- locks/_folder.sql
-- The folder that a path is in: a tree is in itself, a glob in the folder before its first wildcard, a name in none.
create function coord._folder(p_path text) returns text
language sql immutable parallel safe
as $$
  select case when p_path ~ '^(resource|label):' then p_path else regexp_replace(p_path, '[^/]*([*?].*)?$', '') end;
$$;

-- locks/_forget_locks.sql
-- Drops rows of paths that nobody has held for 30 days, a thousand at most, and raises the project's floor to their
-- tokens, so that a path's tokens grow for ever.
-- Concurrency: rows that somebody uses are skipped. _take locks the rows that it finds before it reads the floor, so it
-- either sees a row, or the floor that was raised with its end.
create function coord._forget_locks() returns void
language sql volatile
as $$
  with forgotten as (
    delete from coord.locks l where (l.project_id, l.path) in (
      select o.project_id, o.path from coord.locks o
      where o.session_id is null and o.expires_at < clock_timestamp() - interval '30 days'
        and not exists (select from coord.lock_shares s where s.project_id = o.project_id and s.path = o.path)
      limit 1000 for update skip locked)
    returning l.project_id, l.token
  )
  insert into coord.lock_floors as f (project_id, token)
  select g.project_id, max(g.token) from forgotten g group by g.project_id order by g.project_id
  on conflict (project_id) do update set token = greatest(f.token, excluded.token);
$$;

-- locks/_free_lapsed.sql
-- Frees what others still have in these rows, and tells them: of each session ten locks, the last of which says how many
-- more there were; and of 200 in all, because thousands may have lapsed below one tree. Called by _take when nothing is in
-- the way any more, so all of it has expired, or its holder is dead. It has to go, because an expiry may be moved by
-- _resume.
create function coord._free_lapsed(p_call coord._call, p_rows text[], p_shared boolean) returns void
language plpgsql volatile
as $$
begin
  perform coord._tell_holder(p_call.project_id, h.session_id, jsonb_build_object('kind', 'lock_lapsed',
    'message', format('Your lock on %s had lapsed, and %s has taken it%s. Do not write there before you have it again.',
      h.path, p_call.agent, case when h.place = 10 and h.locks > 10 then format(', and %s more of yours', h.locks - 10) end),
    'path', h.path, 'token', h.token, 'taken_by', p_call.agent))
  from (
    select o.*, row_number() over (partition by o.session_id order by o.path) as place,
      count(*) over (partition by o.session_id) as locks
    from (
      select l.path, l.token, l.session_id from coord.locks l
      where l.project_id = p_call.project_id and l.path = any (p_rows) and l.session_id <> p_call.session_id
      union all
      select s.path, s.token, s.session_id from coord.lock_shares s
      where not p_shared and s.project_id = p_call.project_id and s.path = any (p_rows)
        and s.session_id <> p_call.session_id
    ) o
    order by place, o.session_id limit 200
  ) h
  where h.place <= 10;
  if not found then return; end if;
  update coord.locks l set session_id = null, reason = null, task_id = null
  where l.project_id = p_call.project_id and l.path = any (p_rows) and l.session_id <> p_call.session_id;
  if p_shared then return; end if;
  -- In the order in which a session releases its shares.
  perform from coord.lock_shares s
  where s.project_id = p_call.project_id and s.path = any (p_rows) and s.session_id <> p_call.session_id
  order by s.path, s.session_id for update;
  delete from coord.lock_shares s
  where s.project_id = p_call.project_id and s.path = any (p_rows) and s.session_id <> p_call.session_id;
end
$$;

-- locks/_free_task_paths.sql
-- Frees what _take_paths took for a task and the session still holds. The task's own `paths` say where to look. Nothing
-- is to be done for a session that has ended: what it held is free.
-- Concurrency: the advisory lock comes first, because the same transaction may go on to take paths. Rows are locked in
-- path order; one that has passed on matches nothing.
create function coord._free_task_paths(p_project_id integer, p_session_id uuid, p_task_id uuid) returns void
language plpgsql volatile set plan_cache_mode = force_generic_plan
as $$
declare
  v_paths text[] := (select (t.terms).paths from coord.tasks t where t.project_id = p_project_id and t.task_id = p_task_id);
begin
  if coalesce(cardinality(v_paths), 0) = 0 or exists (select from coord.sessions s
    where s.project_id = p_project_id and s.session_id = p_session_id and s.ended_at is not null)
  then return; end if;
  perform coord._serialize_locks(p_project_id);
  perform from coord.locks l
  where l.project_id = p_project_id and l.path = any (v_paths) and l.session_id = p_session_id
    and l.task_id = p_task_id
  order by l.path for update;
  update coord.locks l set session_id = null, reason = null, task_id = null
  where l.project_id = p_project_id and l.path = any (v_paths) and l.session_id = p_session_id
    and l.task_id = p_task_id;
end
$$;

-- locks/_full_until.sql
-- Null while the agent may bring these paths into the project, and then they are counted; else when it may again.
-- At most 5,000 paths in an hour that were never locked before, so that nobody fills the table. Callers have the
-- advisory lock of the project.
create function coord._full_until(p_call coord._call, p_paths text[]) returns timestamptz
language plpgsql volatile
as $$
declare
  v_new integer := cardinality(p_paths) - (
    select count(*) from coord.locks l where l.project_id = p_call.project_id and l.path = any (p_paths));
  v_account text;
begin
  if v_new = 0 then return null; end if;
  v_account := coord._account(p_call);
  update coord.agents a set
    new_paths = v_new + case when a.new_paths_since > clock_timestamp() - interval '1 hour' then a.new_paths else 0 end,
    new_paths_since = case when a.new_paths_since > clock_timestamp() - interval '1 hour'
      then a.new_paths_since else clock_timestamp() end
  where a.project_id = p_call.project_id and a.agent = v_account
    and (a.new_paths + v_new <= 5000 or a.new_paths_since <= clock_timestamp() - interval '1 hour');
  if found then return null; end if;
  return (select a.new_paths_since + interval '1 hour' from coord.agents a
    where a.project_id = p_call.project_id and a.agent = v_account);
end
$$;

-- locks/_glob_regex.sql
-- The regular expression for the files of a tree or a glob in normal form. \1 and \2 stand for ** while the other
-- wildcards are replaced; no path contains them.
create function coord._glob_regex(p_path text) returns text
language sql immutable parallel safe
as $$
  select '^' || replace(replace(replace(replace(replace(regexp_replace(regexp_replace(case
      when p_path = './' then '**' when p_path ~ '/$' then p_path || '**' else p_path end,
    '([].+^$|(){}[])', '\\\1', 'g'),
    '\*\*$', E'\x02'), '**/', E'\x01'), '?', '[^/]'), '*', '[^/]*'), E'\x01', '([^/]+/)*'), E'\x02', '.+') || '$';
$$;

-- locks/_glob_segments.sql
-- The segments of a tree or a glob for _patterns_meet. What ends in ** has at least one segment there: a folder is none
-- of the files in it.
create function coord._glob_segments(p_path text) returns text[]
language sql immutable parallel safe
as $$
  select case
    when p_path in ('./', '**') then array['**', '*']
    when p_path ~ '(^|/)\*\*$' then string_to_array(p_path || '/*', '/')
    when p_path ~ '/$' then string_to_array(p_path || '**/*', '/')
    else string_to_array(p_path, '/')
  end;
$$;

-- locks/_globs_overlap.sql
-- Whether two paths of which one at least is a glob have a file in common. Most differ before the first wildcard or
-- after the last one. A file is matched as a regular expression, which Postgres does without backtracking; trees and
-- globs are compared segment by segment.
create function coord._globs_overlap(p_one text, p_other text) returns boolean
language plpgsql immutable parallel safe
as $$
declare
  -- Of a tree nothing is known about the end.
  v_one_end text := reverse(substring(p_one from '[^*?/]*$'));
  v_other_end text := reverse(substring(p_other from '[^*?/]*$'));
  v_one text := coord._literal_prefix(p_one);
  v_other text := coord._literal_prefix(p_other);
begin
  if not (starts_with(v_one, v_other) or starts_with(v_other, v_one)) then return false; end if;
  if not (starts_with(v_one_end, v_other_end) or starts_with(v_other_end, v_one_end)) then return false; end if;
  if not coord._is_scope(p_one) then return p_one ~ coord._glob_regex(p_other); end if;
  if not coord._is_scope(p_other) then return p_other ~ coord._glob_regex(p_one); end if;
  return coord._patterns_meet(coord._glob_segments(p_one), coord._glob_segments(p_other));
end
$$;

-- locks/_grant.sql
-- Writes the locks that _take has decided to grant, and answers them as acquire_lock does. A lock that the session has
-- already in this mode is renewed and keeps its token; every other grant counts the path's token up.
-- Concurrency: what the session has is locked before it is looked at (the rows of coord.locks by _take), so that it
-- cannot be released between the look and the write: the share would come back with somebody else's token.
create function coord._grant(
  p_call coord._call, p_paths text[], p_shared boolean, p_reason text, p_ttl interval, p_task_id uuid
) returns jsonb
language plpgsql volatile
as $$
declare
  v_mine jsonb;
  v_locks jsonb;
begin
  perform from coord.lock_shares s
  where s.project_id = p_call.project_id and s.path = any (p_paths) and s.session_id = p_call.session_id
  order by s.path for update;
  -- What the session had of these paths: {"<path>": "renewed" | "lapsed"}.
  select coalesce(jsonb_object_agg(h.path, case when h.expires_at <= clock_timestamp() then 'lapsed' else 'renewed' end)
    filter (where h.shared = p_shared or h.expires_at <= clock_timestamp()), '{}') into v_mine
  from (
    select l.path, l.expires_at, false as shared from coord.locks l
    where l.project_id = p_call.project_id and l.path = any (p_paths) and l.session_id = p_call.session_id
    union all
    select s.path, s.expires_at, true from coord.lock_shares s
    where s.project_id = p_call.project_id and s.path = any (p_paths) and s.session_id = p_call.session_id
  ) h;
  insert into coord.lock_scopes (project_id, path, prefix, regex)
  select p_call.project_id, p.path, coord._literal_prefix(p.path), coord._glob_regex(p.path) from unnest(p_paths) p(path)
  where coord._is_scope(p.path) on conflict do nothing;
  v_locks := coord._write_locks(p_call, p_paths, p_shared, p_reason, p_ttl, p_task_id, v_mine);
  if p_shared then
    v_locks := coord._write_shares(p_call, v_locks, p_reason, p_ttl, v_mine);
  else
    delete from coord.lock_shares s
    where s.project_id = p_call.project_id and s.path = any (p_paths) and s.session_id = p_call.session_id;
  end if;
  return v_locks;
end
$$;

-- locks/_guard_rows.sql
-- Takes the rows that overlap the given paths out of the fast way: from now on their next holder is found by _take.
-- Concurrency: an UPDATE waits for the fast one that came first; who looks for blockers next sees it. All rows are locked
-- before, in path order and in one statement, as fast calls for several paths do; only callers, who have the advisory
-- lock, make rows or guard them, so none is missing. p_takes: whether the caller goes on to lock those that are held, too;
-- whoever only waits leaves them alone.
create function coord._guard_rows(p_project_id integer, p_paths text[], p_takes boolean) returns void
language plpgsql volatile
as $$
declare
  v_range record;
  v_held text[] := case when p_takes then coord._overlapping_rows(p_project_id, p_paths) end;
  v_rows text[] := array(
    select l.path from coord.locks l where l.project_id = p_project_id and l.path = any (p_paths) and not l.guarded);
begin
  for v_range in select * from coord._scope_ranges(p_paths) loop
    v_rows := v_rows || array(
      select l.path from coord.locks l
      where l.project_id = p_project_id and l.path >= v_range.prefix and l.path < v_range.prefix || chr(1114111)
        and not l.guarded and (v_range.regex is null or l.path ~ v_range.regex) and l.path !~ '^(resource|label):');
  end loop;
  perform from coord.locks l
  where l.project_id = p_project_id and l.path = any (v_rows || v_held)
  order by l.path for update;
  update coord.locks l set guarded = true
  where l.project_id = p_project_id and l.path = any (v_rows) and not l.guarded;
end
$$;

-- locks/_guarded_paths.sql
-- Which of the paths, once taken, only _take may take next: those that are shared, a tree or a glob, and those that a
-- tree, a glob or somebody who waits overlaps. For callers of _serialize_locks.
create function coord._guarded_paths(p_project_id integer, p_paths text[], p_shared boolean) returns text[]
language plpgsql volatile
as $$
begin
  return array(
    select p.path from unnest(p_paths) p(path)
    where p_shared or coord._is_scope(p.path)
      or exists (select from coord.lock_scopes c
        where c.project_id = p_project_id and starts_with(p.path, c.prefix) and p.path ~ c.regex)
      or exists (select from coord.lock_waiters w
        where w.project_id = p_project_id and coord._sets_overlap(w.paths, array[p.path])));
end
$$;

-- locks/_held_answer.sql
-- What acquire_lock answers when something is in the way: the first holder, how many locks there are in the way (some
-- hundred at most: see _blockers), and the place in the queue (1 is next). Kept under 400 bytes: reasons are cut, and times are given to the second.
create function coord._held_answer(
  p_call coord._call, p_paths text[], p_shared boolean, p_waiter_id bigint, p_hint text default null
) returns jsonb
language plpgsql volatile
as $$
declare
  v_answer jsonb;
begin
  with blockers as (
    select b.*, s.agent, s.agent_type
    from coord._blockers(p_call.project_id, p_call.session_id, p_paths, p_shared, p_waiter_id,
      p_limit => 100) b
    left join coord.sessions s on s.project_id = p_call.project_id and s.session_id = b.session_id
  ), holders as (
    select jsonb_build_object('path', b.path, 'agent', b.agent, 'agent_type', b.agent_type,
      'reason', case when length(b.reason) > 60 then left(b.reason, 59) || '…' else b.reason end,
      'since', date_trunc('second', b.since), 'expires_at', b.expires_at) as holder
    from blockers b where b.waiter_id is null order by b.path, b.since
  )
  select jsonb_build_object('acquired', false,
    'blocked_by', coalesce((select jsonb_agg(h.holder) from (select * from holders limit 1) h), '[]'),
    'blocked_count', (select count(*) from holders),
    'position', 1 + (select count(*) from blockers b where b.waiter_id is not null),
    'hint', coalesce(p_hint, case when exists (select from holders)
      then 'Nothing was locked. Do something else first, or wait with wait_seconds.'
      else 'Others who asked before are next. Wait with wait_seconds.' end)) into v_answer;
  return v_answer;
end
$$;

-- locks/_held_below.sql
-- Some of the locks that somebody else certainly holds alone below these trees and globs, p_limit at most. Reads no more
-- than that, so that who asks in vain for a tree with thousands of locks in it does not keep others from theirs.
create function coord._held_below(p_project_id integer, p_session_id uuid, p_paths text[], p_limit integer)
returns text[]
language plpgsql stable
as $$
begin
  return array(
    select l.path from coord._scope_ranges(p_paths) r cross join lateral (
      select o.path from coord.locks o
      join coord.sessions s on s.project_id = p_project_id and s.session_id = o.session_id
      where o.project_id = p_project_id and o.path >= r.prefix and o.path < r.prefix || chr(1114111)
        and o.session_id <> p_session_id and o.expires_at > clock_timestamp()
        and (r.regex is null or o.path ~ r.regex) and o.path !~ '^(resource|label):'
        and coord._holds(s.ended_at, s.lease_expires_at)
      limit p_limit) l
    limit p_limit);
end
$$;

-- locks/_held_locks.sql
-- Live locks of a project, alone or shared, on the given rows (all when null), in path order: one row a holder.
-- The rows are looked up in a hash: compared with an array of thousands of long paths one by one, they took seconds.
create function coord._held_locks(p_project_id integer, p_rows text[], p_limit integer)
returns table (
  path text, session_id uuid, agent text, agent_type text, token bigint, shared boolean, reason text, since timestamptz,
  expires_at timestamptz
)
language plpgsql stable
as $$
begin
  return query
    select h.path, h.session_id, s.agent, s.agent_type, h.token, h.shared, h.reason, h.acquired_at, h.expires_at
    from (
      select l.path, l.session_id, l.token, false as shared, l.reason, l.acquired_at, l.expires_at from coord.locks l
      where l.project_id = p_project_id and l.session_id is not null and (p_rows is null or l.path in (select r.path from unnest(p_rows) r(path)))
      union all
      select a.path, a.session_id, a.token, true, a.reason, a.acquired_at, a.expires_at from coord.lock_shares a
      where a.project_id = p_project_id and (p_rows is null or a.path in (select r.path from unnest(p_rows) r(path)))
    ) h
    join coord.sessions s on s.project_id = p_project_id and s.session_id = h.session_id
    where h.expires_at > clock_timestamp() and coord._holds(s.ended_at, s.lease_expires_at)
    order by h.path, h.acquired_at, h.session_id limit p_limit;
end
$$;

-- locks/_is_broad.sql
-- Whether a path in normal form may reach into every folder of the repository, for which trust 3 is needed.
create function coord._is_broad(p_path text) returns boolean
language sql immutable parallel safe
as $$ select p_path ~ '^[^/]*[*?]' or p_path = './' $$;

-- locks/_is_glob.sql
-- Whether a path in normal form has wildcards.
create function coord._is_glob(p_path text) returns boolean
language sql immutable parallel safe
as $$ select p_path ~ '[*?]' $$;

-- locks/_is_held.sql
-- Whether another living session certainly has a path for itself alone. What is told of the moment needs no lock.
create function coord._is_held(p_call coord._call, p_path text) returns boolean
language plpgsql volatile
as $$
begin
  return exists (
    select from coord.locks l
    join coord.sessions s on s.project_id = l.project_id and s.session_id = l.session_id
    where l.project_id = p_call.project_id and l.path = p_path and l.session_id <> p_call.session_id
      and l.expires_at > clock_timestamp() and coord._is_live(s.ended_at, s.lease_expires_at));
end
$$;

-- locks/_is_scope.sql
-- Whether a path in normal form is a tree or a glob.
create function coord._is_scope(p_path text) returns boolean
language sql immutable parallel safe
as $$ select p_path ~ '[*?]|/$' $$;

-- locks/_joined_segments.sql
-- The segments of a path with / as separator, put together again without empty and dotted ones and without needless
-- stars. A path that ends in a slash or a dotted segment is a folder and becomes a tree, and so does src/**.
-- p_shown is what the caller wrote, for the message.
create function coord._joined_segments(p_path text, p_shown text) returns text
language plpgsql immutable parallel safe
as $$
declare
  v_segment text;
  v_segments text[] := '{}';
  v_last integer;
begin
  foreach v_segment in array string_to_array(p_path, '/') loop
    v_last := cardinality(v_segments);
    if v_segment = '..' and v_last = 0 then
      raise exception 'paths: % lies outside the repository', p_shown
        using errcode = 'BADIN', hint = 'Only files of the repository can be locked.';
    elsif v_segment = '..' and v_segments[v_last] ~ '[*?]' then
      raise exception 'paths: % leads back from a wildcard', p_shown
        using errcode = 'BADIN', hint = 'Write the path without .. after a wildcard.';
    elsif v_segment = '..' then
      v_segments := v_segments[1:v_last - 1];
    elsif v_segment ~ '^\*\*+$' then
      -- Two in a row say the same as one.
      if v_last = 0 or v_segments[v_last] <> '**' then v_segments := v_segments || '**'::text; end if;
    elsif v_segment not in ('', '.') then
      v_segments := v_segments || regexp_replace(v_segment, '\*+', '*', 'g');
    end if;
  end loop;
  v_last := cardinality(v_segments);
  if v_last > 0 and p_path !~ '(^|/)\.{0,2}$' and v_segments[v_last] <> '**' then
    return array_to_string(v_segments, '/');
  end if;
  if v_last > 0 and v_segments[v_last] = '**' then v_segments := v_segments[1:v_last - 1]; end if;
  if array_to_string(v_segments, '/') ~ '[*?]' then return array_to_string(v_segments || '**'::text, '/'); end if;
  return coalesce(nullif(array_to_string(v_segments, '/'), ''), '.') || '/';
end
$$;

-- locks/_lacking_paths.sql
-- Which of the paths a session does not have yet in the mode it asks for: neither as such nor in a tree or a glob that
-- it holds. Only these can be in somebody's way, and only for these it has to queue.
create function coord._lacking_paths(p_project_id integer, p_session_id uuid, p_paths text[], p_shared boolean)
returns text[]
language plpgsql volatile
as $$
declare
  v_places text[] := p_paths || array(select c.path from coord.lock_scopes c where c.project_id = p_project_id);
  v_mine text[] := array(
    select l.path from coord.locks l
    where l.project_id = p_project_id and l.path = any (v_places) and l.session_id = p_session_id
      and l.expires_at > clock_timestamp()
    union all
    select s.path from coord.lock_shares s
    where p_shared and s.project_id = p_project_id and s.path = any (v_places) and s.session_id = p_session_id
      and s.expires_at > clock_timestamp());
begin
  if v_mine = '{}' then return p_paths; end if;
  return array(
    select p.path from unnest(p_paths) p(path)
    where p.path <> all (v_mine)
      and not exists (select from unnest(v_mine) m(path) where coord._is_scope(m.path) and coord._covers(m.path, p.path)));
end
$$;

-- locks/_lexical_path.sql
-- The one form of a path, by what can be known without the file system: separators, empty and dotted segments, Unicode
-- form. Doors that see the file system have resolved links and case before. What it names follows from its form:
--   src/a.ts              a file
--   src/api/  ./          a tree: all files below it; of the whole repository
--   src/**/*.ts  a?.ts    a glob: * and ? within a segment, ** for any number of segments; [ and ] are plain characters
--   resource:x  label:x   a name that overlaps nothing but itself
-- Raises BADIN for what lies outside the repository and for what has no one meaning.
create function coord._lexical_path(p_path text) returns text
language plpgsql immutable parallel safe
as $$
declare
  v_shown text := quote_literal(left(p_path, 100));
  v_relative constant text := 'Give the path relative to the root of the repository, such as src/server.ts.';
  v_path text;
begin
  if p_path = '' or octet_length(p_path) > 1024 then
    raise exception 'paths: % names nothing or is longer than 1024 bytes', v_shown
      using errcode = 'BADIN', hint = v_relative;
  elsif p_path ~ '^(resource|label):' then
    if p_path !~ '^[a-z]+:[A-Za-z0-9_./-]*[A-Za-z0-9_.-]$' or octet_length(split_part(p_path, ':', 2)) > 128 then
      raise exception 'paths: % is no name', v_shown using errcode = 'BADIN',
        hint = 'After resource: or label: come 1 to 128 of A-Z a-z 0-9 _ . - and / inside, such as resource:port-5432.';
    end if;
    return p_path;
  end if;
  v_path := normalize(replace(p_path, '\', '/'), nfc);
  if v_path ~ '^/' then
    raise exception 'paths: % is absolute', v_shown using errcode = 'BADIN', hint = v_relative;
  elsif v_path ~ '^[A-Za-z][A-Za-z0-9+.-]*:' then
    raise exception 'paths: % has a drive letter or a scheme', v_shown using errcode = 'BADIN', hint = v_relative;
  elsif v_path ~ '[\u0001-\u001f\u007f-\u009f]' then
    raise exception 'paths: a path contains a control character' using errcode = 'BADIN', hint = 'Remove it.';
  elsif v_path ~ '\{[^{}]*,[^{}]*\}' or (v_path ~ '[*?]' and v_path ~ '[{}]') then
    raise exception 'paths: % has braces, which are not expanded', v_shown
      using errcode = 'BADIN', hint = 'Name each alternative as a path of its own.';
  end if;
  v_path := coord._joined_segments(v_path, v_shown);
  -- Once more, because ./x: and a/../x: have become it: a path must not look like a name or like another resource.
  if v_path ~ '^[A-Za-z][A-Za-z0-9+.-]*:' then
    raise exception 'paths: % has a drive letter or a scheme', v_shown using errcode = 'BADIN', hint = v_relative;
  elsif octet_length(v_path) > 1024 then
    raise exception 'paths: % is longer than 1024 bytes', v_shown using errcode = 'BADIN', hint = v_relative;
  elsif v_path ~ '[*?]' and (octet_length(v_path) > 256 or regexp_count(v_path, '\*+|\?') > 8
    or regexp_count(v_path, '/') > 31)
  then
    raise exception 'paths: % is too long a glob', v_shown using errcode = 'BADIN',
      hint = 'A glob has at most 256 bytes, 32 segments and 8 wildcards. Lock a tree such as src/api/, or several globs.';
  end if;
  return v_path;
end
$$;

-- locks/_like_pattern.sql
-- A segment with * and ? as a pattern for LIKE. No path contains a backslash.
create function coord._like_pattern(p_segment text) returns text
language sql immutable parallel safe
as $$
  select replace(replace(replace(replace(p_segment, '%', '\%'), '_', '\_'), '*', '%'), '?', '_');
$$;

-- locks/_list_locks.sql
-- Live locks of a project in the form of check_locks: on the given rows, or all; p_session_id is who asks.
-- How many wait for each is found by equal paths; only trees and globs are compared one by one.
create function coord._list_locks(p_project_id integer, p_session_id uuid, p_rows text[], p_limit integer) returns jsonb
language plpgsql volatile
as $$
declare
  v_locks jsonb;
begin
  with held as materialized (
    select * from coord._held_locks(p_project_id, p_rows, p_limit + 1)
  ), paths as materialized (
    select distinct h.path, coord._is_scope(h.path) as is_scope from held h
  ), asked as materialized (
    select w.waiter_id, a.path, coord._is_scope(a.path) as is_scope
    from coord.lock_waiters w cross join unnest(w.paths) a(path)
    where w.project_id = p_project_id and w.asked_at > clock_timestamp() - interval '5 seconds'
  ), waiting as (
    select p.path, a.waiter_id from paths p join asked a on a.path = p.path
    union
    select p.path, a.waiter_id from paths p join asked a on a.is_scope and coord._overlaps(p.path, a.path)
    union
    select p.path, a.waiter_id from paths p join asked a on p.is_scope and coord._overlaps(p.path, a.path)
  )
  select coalesce(jsonb_agg(jsonb_build_object('path', h.path, 'agent', h.agent, 'agent_type', h.agent_type,
      'session_id', h.session_id, 'shared', h.shared, 'reason', h.reason, 'since', h.since, 'expires_at', h.expires_at,
      'token', h.token, 'mine', h.session_id is not distinct from p_session_id, 'waiting', coalesce(w.waiters, 0))
      order by h.path, h.since), '[]') into v_locks
  from held h
  left join (select w.path, count(*) as waiters from waiting w group by w.path) w using (path);
  return jsonb_build_object('locks', jsonb_path_query_array(v_locks, '$[0 to $n]',
    jsonb_build_object('n', p_limit - 1)), 'truncated', jsonb_array_length(v_locks) > p_limit);
end
$$;

-- locks/_literal_prefix.sql
-- What all files of a path begin with; nothing for the whole repository.
create function coord._literal_prefix(p_path text) returns text
language sql immutable parallel safe
as $$ select case when p_path = './' then '' else substring(p_path from '^[^*?]*') end $$;

-- locks/_normal_path.sql
-- The one form of a repository-relative path; see _lexical_path. Nearly all paths are in it already: printable ASCII,
-- no empty or dotted segment, nothing special. For them this is one expression, which the planner writes into the
-- caller: so no `set search_path` here. The length is not part of the pattern: matching `.{255}` costs more than all
-- the rest of a call.
create function coord._normal_path(p_path text) returns text
language sql immutable parallel safe
as $$
  select case when p_path ~ '(^|/)\.{0,2}(/|$)|[^ -~]|[\\*?:{}]' or octet_length(p_path) > 1024
    then coord._lexical_path(p_path) else p_path end;
$$;

-- locks/_normal_paths.sql
-- Paths in their one form, each once, in the order in which their rows are locked. PL/pgSQL keeps its plan, which a
-- function in SQL would make anew in each call.
create function coord._normal_paths(p_paths text[]) returns text[]
language plpgsql immutable parallel safe
as $$
begin
  return array(
    select distinct coord._normal_path(p.path) collate "C" as path from unnest(p_paths) p(path) order by path);
end
$$;

-- locks/_overlapping_rows.sql
-- Paths of the rows of coord.locks that overlap any of the given paths and may be held, each once: below a tree or a
-- glob the free ones, which may be many, are left out. For callers of _serialize_locks: only they make rows, so none is
-- missing.
create function coord._overlapping_rows(p_project_id integer, p_paths text[]) returns text[]
language plpgsql volatile
as $$
declare
  v_range record;
  v_below text[] := '{}';
  v_found text[] := coord._scopes_over(p_project_id, p_paths) || array(
    select l.path from coord.locks l where l.project_id = p_project_id and l.path = any (p_paths));
begin
  for v_range in select * from coord._scope_ranges(p_paths) loop
    v_below := v_below || array(
      select l.path from coord.locks l
      where l.project_id = p_project_id and l.path >= v_range.prefix and l.path < v_range.prefix || chr(1114111)
        and l.session_id is not null and (v_range.regex is null or l.path ~ v_range.regex)
        and l.path !~ '^(resource|label):'
      union
      select s.path from coord.lock_shares s
      where s.project_id = p_project_id and s.path >= v_range.prefix and s.path < v_range.prefix || chr(1114111)
        and (v_range.regex is null or s.path ~ v_range.regex) and s.path !~ '^(resource|label):');
  end loop;
  return array(select distinct f.path from unnest(v_found || v_below) f(path));
end
$$;

-- locks/_overlaps.sql
-- Whether two paths in normal form have a file in common (or are the same name). Exact. Files and trees are compared
-- here, which the planner inlines; globs by _globs_overlap.
create function coord._overlaps(p_one text, p_other text) returns boolean
language sql immutable parallel safe
as $$
  select case
    when p_one = p_other then true
    when p_one ~ '^(resource|label):' or p_other ~ '^(resource|label):' then false
    when p_one ~ '[*?]' or p_other ~ '[*?]' then coord._globs_overlap(p_one, p_other)
    else (p_one ~ '/$' and (p_one = './' or starts_with(p_other, p_one)))
      or (p_other ~ '/$' and (p_other = './' or starts_with(p_one, p_other)))
  end;
$$;

-- locks/_patterns_meet.sql
-- Whether one path is matched by two globs, each given as its segments: ** stands for any number of them. Exact, in
-- time of at most the product of the two lengths, of which a glob has 32 at most:
--   both have **   whatever lies between can be written one after the other, so that the parts before the first and
-- those                  after the last one decide
--   one has        the classic match that goes back to the last ** only
create function coord._patterns_meet(p_one text[], p_other text[]) returns boolean
language plpgsql immutable parallel safe
as $$
declare
  v_pattern text[] := case when '**' = any (p_one) then p_one else p_other end;
  v_fixed text[] := case when '**' = any (p_one) then p_other else p_one end;
  v_ends integer := least(cardinality(p_one), cardinality(p_other));
  v_at integer := 1;
  v_next integer := 1;
  v_star_at integer := 0;
  v_star_next integer;
begin
  if '**' = any (p_one) and '**' = any (p_other) then
    for v_step in 1 .. v_ends loop
      exit when p_one[v_step] = '**' or p_other[v_step] = '**';
      if not coord._pieces_meet(p_one[v_step], p_other[v_step]) then return false; end if;
    end loop;
    for v_step in 0 .. v_ends - 1 loop
      v_at := cardinality(p_one) - v_step;
      v_next := cardinality(p_other) - v_step;
      exit when p_one[v_at] = '**' or p_other[v_next] = '**';
      if not coord._pieces_meet(p_one[v_at], p_other[v_next]) then return false; end if;
    end loop;
    return true;
  end if;
  while v_next <= cardinality(v_fixed) loop
    if v_at <= cardinality(v_pattern) and v_pattern[v_at] = '**' then
      v_star_at := v_at;
      v_star_next := v_next;
      v_at := v_at + 1;
    elsif v_at <= cardinality(v_pattern) and coord._pieces_meet(v_pattern[v_at], v_fixed[v_next]) then
      v_at := v_at + 1;
      v_next := v_next + 1;
    elsif v_star_at > 0 then
      v_at := v_star_at + 1;
      v_star_next := v_star_next + 1;
      v_next := v_star_next;
    else
      return false;
    end if;
  end loop;
  while v_pattern[v_at] = '**' loop v_at := v_at + 1; end loop;
  return v_at > cardinality(v_pattern);
end
$$;

-- locks/_piece_regex.sql
-- The regular expression for the segments without * that can be the same text as this one: a ? in them may become any
-- character, and one here is any character, too. \1 stands for their ? while the others are replaced, and no path
-- contains it; of all characters only ] has its own place among those in brackets.
create function coord._piece_regex(p_segment text) returns text
language sql immutable parallel safe
as $$
  select '^' || replace(replace(replace(replace(regexp_replace(p_segment, '([^*?])', E'[\x01\\1]', 'g'),
    E'[\x01]]', E'[]\x01]'), '?', '.'), '*', '.*'), E'\x01', '?') || '$';
$$;

-- locks/_pieces_agree.sql
-- Whether two texts, in which ? is any character, can be the same as far as the shorter one goes.
create function coord._pieces_agree(p_one text, p_other text) returns boolean
language sql immutable parallel safe
as $$
  select starts_with(p_one, p_other) or starts_with(p_other, p_one) or p_one || p_other ~ '[?]'
    and left(p_one, length(p_other)) ~ coord._piece_regex(left(p_other, length(p_one)));
$$;

-- locks/_pieces_meet.sql
-- Whether a segment of one pattern and a segment of another can be the same text. A name and a pattern are compared by
-- LIKE. Of two with stars only what stands before the first and after the last one decides: whatever lies between can
-- be written one after the other. One without is text for the other's regular expression. Postgres matches both without
-- backtracking, and a hundred times as fast as PL/pgSQL could, character by character.
create function coord._pieces_meet(p_one text, p_other text) returns boolean
language sql immutable parallel safe
as $$
  select case
    when p_one = p_other or p_one = '*' or p_other = '*' then true
    when p_one !~ '[*?]' then p_one like coord._like_pattern(p_other)
    when p_other !~ '[*?]' then p_other like coord._like_pattern(p_one)
    when p_one !~ '[*]' then p_one ~ coord._piece_regex(p_other)
    when p_other !~ '[*]' then p_other ~ coord._piece_regex(p_one)
    else coord._pieces_agree(split_part(p_one, '*', 1), split_part(p_other, '*', 1))
      and coord._pieces_agree(reverse(split_part(p_one, '*', -1)), reverse(split_part(p_other, '*', -1)))
  end;
$$;

-- locks/_place_in_queue.sql
-- The calling session's place in the queue for just these paths in this mode; null when it does not wait for them.
create function coord._place_in_queue(p_call coord._call, p_paths text[], p_shared boolean) returns bigint
language plpgsql volatile
as $$
begin
  return (select w.waiter_id from coord.lock_waiters w
    where w.project_id = p_call.project_id and w.session_id = p_call.session_id and w.paths = p_paths
      and w.shared = p_shared limit 1);
end
$$;

-- locks/_refuse_broad.sql
-- Why a caller may not have locks on these paths, in normal form, as a refusal; null when none of them is too broad for
-- it.
create function coord._refuse_broad(p_call coord._call, p_paths text[]) returns jsonb
language plpgsql volatile
as $$
begin
  if not coord._are_too_broad(p_call, p_paths) then return null; end if;
  return coord._refuse(p_call, 'forbidden', 'paths: the whole repository, or a wildcard in the first segment, needs trust 3.',
    'Begin with a folder, such as src/**/*.ts, or name the files.', '{"reason": "insufficient_trust_level"}');
end
$$;

-- locks/_refuse_lock.sql
-- Closes acquire_lock when something is in the way and the caller does not wait, or not any longer.
create function coord._refuse_lock(p_call coord._call, p_paths text[], p_shared boolean) returns jsonb
language plpgsql volatile
as $$
declare
  v_waiter_id bigint := coord._place_in_queue(p_call, p_paths, p_shared);
  v_answer jsonb := coord._held_answer(p_call, p_paths, p_shared, v_waiter_id);
begin
  if v_waiter_id is not null then
    delete from coord.lock_waiters w where w.project_id = p_call.project_id and w.waiter_id = v_waiter_id;
  end if;
  return coord._leave(p_call, v_answer, coalesce(v_answer #>> '{blocked_by,0,path}', p_paths[1]),
    v_answer -> 'blocked_by', 'held');
end
$$;

-- locks/_release_lock.sql
-- Frees one path if the calling session holds it (with that token, when one is given), alone or with others; null when
-- done, else why not.
-- Concurrency: each statement sees its own moment. A lock that its session makes shared or exclusive in between would
-- be missed by both writes, so they are repeated while the session is seen to hold what it may release.
create function coord._release_lock(p_call coord._call, p_path text, p_token bigint) returns text
language plpgsql volatile
as $$
declare
  v_lock record;
begin
  loop
    update coord.locks l set session_id = null, reason = null, task_id = null
    where l.project_id = p_call.project_id and l.path = p_path and l.session_id = p_call.session_id
      and l.expires_at > clock_timestamp() and (p_token is null or l.token = p_token);
    if found then return null; end if;
    delete from coord.lock_shares s
    where s.project_id = p_call.project_id and s.path = p_path and s.session_id = p_call.session_id
      and s.expires_at > clock_timestamp() and (p_token is null or s.token = p_token);
    if found then return null; end if;
    select h.mine, h.live, h.token into v_lock
    from (
      select l.session_id = p_call.session_id as mine, l.expires_at > clock_timestamp() as live, l.token
      from coord.locks l
      where l.project_id = p_call.project_id and l.path = p_path and l.session_id is not null
      union all
      select s.session_id = p_call.session_id, s.expires_at > clock_timestamp(), s.token from coord.lock_shares s
      where s.project_id = p_call.project_id and s.path = p_path
    ) h
    order by h.mine desc, h.live desc limit 1;
    exit when not coalesce(v_lock.mine and v_lock.live and (p_token is null or v_lock.token = p_token), false);
  end loop;
  return case
    when v_lock.mine and v_lock.live then 'stale_token'
    when v_lock.mine then 'lapsed'
    when v_lock.live then 'locked_by_other'
    else 'free'
  end;
end
$$;

-- locks/_release_locks.sql
-- Releases paths, in path order, and says of every other one why it was not the session's to release.
-- Concurrency: what is held exclusively is freed by one statement that locks the rows in path order; the rest one by
-- one.
create function coord._release_locks(p_call coord._call, p_paths text[], p_tokens bigint[]) returns jsonb
language plpgsql volatile set plan_cache_mode = force_generic_plan
as $$
declare
  v_wanted text[] := array(select coord._normal_path(p.path) from unnest(p_paths) p(path));
  v_released text[];
  v_other record;
  v_reason text;
  v_not_held jsonb := '[]';
  v_answer jsonb;
begin
  if cardinality(p_tokens) <> cardinality(p_paths) then
    return coord._refuse(p_call, 'invalid_input', 'tokens: must have one token for each of paths',
      'Leave tokens out, or give one for each path in the same order.');
  end if;
  with mine as materialized (
    select l.path from coord.locks l
    where l.project_id = p_call.project_id and l.path = any (v_wanted) and l.session_id = p_call.session_id
      and l.expires_at > clock_timestamp()
      and (p_tokens is null or l.token = p_tokens[array_position(v_wanted, l.path)])
    order by l.path for update
  ), freed as (
    update coord.locks l set session_id = null, reason = null, task_id = null
    from mine m where l.project_id = p_call.project_id and l.path = m.path
    returning l.path
  )
  select coalesce(array_agg(f.path order by f.path), '{}') into v_released from freed f;
  for v_other in
    select distinct on (w.path) w.path collate "C" as path, w.token from unnest(v_wanted, p_tokens) w(path, token)
    where w.path <> all (v_released) order by w.path
  loop
    v_reason := coord._release_lock(p_call, v_other.path, v_other.token);
    if v_reason is null then
      v_released := v_released || v_other.path;
    else
      v_not_held := v_not_held || jsonb_build_object('path', v_other.path, 'reason', v_reason);
    end if;
  end loop;
  v_answer := jsonb_build_object('released', v_not_held = '[]', 'released_paths', to_jsonb(v_released),
    'not_held', v_not_held);
  if v_not_held = '[]' then return coord._leave(p_call, v_answer, v_released[1], v_answer); end if;
  v_answer := v_answer
    || jsonb_build_object('hint', case when v_not_held @> '[{"reason": "lapsed"}]'
      then 'See not_held. Whatever you wrote after a lock had lapsed may clash with its next holder.'
      else 'See not_held for what was not yours to release; check_locks says who holds it.' end);
  return coord._leave(p_call, v_answer, coalesce(v_released[1], v_not_held #>> '{0,path}'),
    -- What was not held may be any text, and many.
    v_answer - 'hint' || jsonb_build_object('not_held', jsonb_path_query_array(v_not_held, '$[0 to 9]')), 'not_held');
end
$$;

-- locks/_renew_lock.sql
-- Renews a live exclusive lock of the calling session on one path; null when it has none. It is the session's own from
-- now on, and does not end with the task whose claim took it.
-- Concurrency: one guarded UPDATE. Whatever overlaps the lock came while it was held, and does not mind.
create function coord._renew_lock(p_call coord._call, p_path text, p_reason text, p_ttl_seconds integer) returns jsonb
language plpgsql volatile
as $$
declare
  v_lock jsonb;
begin
  update coord.locks l set reason = coalesce(p_reason, l.reason),
    expires_at = clock_timestamp() + p_ttl_seconds * interval '1 second', task_id = null
  where l.project_id = p_call.project_id and l.path = p_path and l.session_id = p_call.session_id
    and l.expires_at > clock_timestamp()
  returning jsonb_build_array(jsonb_build_object('path', l.path, 'token', l.token, 'expires_at', l.expires_at,
    'renewed', true)) into v_lock;
  return v_lock;
end
$$;

-- locks/_scope_ranges.sql
-- Where the files of the trees and globs among these paths lie, each range of names once: what lies below a tree of them
-- is left out, so that many trees within each other cost as much as the outermost. regex: which names of the range;
-- null for all.
create function coord._scope_ranges(p_paths text[]) returns table (prefix text, regex text)
language plpgsql immutable parallel safe
as $$
declare
  v_trees text[] := array(
    select distinct coord._literal_prefix(p.path) from unnest(p_paths) p(path)
    where p.path ~ '/$' and not coord._is_glob(p.path));
begin
  return query
    select coord._literal_prefix(p.path),
      case when coord._is_glob(p.path) then coord._glob_regex(p.path) end
    from unnest(p_paths) p(path)
    where coord._is_scope(p.path) and not exists (
      select from unnest(v_trees) t(prefix)
      where starts_with(coord._literal_prefix(p.path), t.prefix)
        and (coord._is_glob(p.path) or t.prefix <> coord._literal_prefix(p.path)));
end
$$;

-- locks/_scopes_over.sql
-- Trees and globs that may be held and overlap any of the paths.
create function coord._scopes_over(p_project_id integer, p_paths text[]) returns text[]
language plpgsql volatile
as $$
begin
  return array(
    select c.path from coord.lock_scopes c
    where c.project_id = p_project_id and (
      exists (
        select from unnest(p_paths) p(path)
        where starts_with(p.path, c.prefix) and p.path ~ c.regex and p.path !~ '^(resource|label):|[*?]|/$')
      or exists (
        select from unnest(p_paths) p(path) where coord._is_scope(p.path) and coord._overlaps(c.path, p.path))));
end
$$;

-- locks/_serialize_locks.sql
-- Lets one call at a time decide about the locks of a project, until its transaction ends. Comes first in each of them,
-- before they lock a row. The exception is p_path: a fast UPDATE that somebody forestalled in the very instant may have
-- locked its row all the same, and whoever has the advisory lock may be waiting for that row. Such a caller waits 50 ms
-- only; then it fails with 55P03, which core repeats, and finds the row taken or guarded next time.
create function coord._serialize_locks(p_project_id integer, p_path text default null) returns void
language plpgsql volatile
as $$
declare
  v_timeout text := current_setting('lock_timeout');
begin
  perform coord._resume();
  perform from coord.locks l
  where l.project_id = p_project_id and l.path = p_path and l.xmax = pg_current_xact_id_if_assigned()::xid;
  if found then
    perform set_config('lock_timeout', '50ms', true);
    perform pg_advisory_xact_lock(hashtext('coord.locks'), p_project_id);
    perform set_config('lock_timeout', v_timeout, true);
  else
    perform pg_advisory_xact_lock(hashtext('coord.locks'), p_project_id);
  end if;
  if exists (select from coord.lock_waiters w where w.project_id = p_project_id)
    or exists (select from coord.lock_scopes c where c.project_id = p_project_id)
  then
    perform coord._tidy_locks(p_project_id);
  end if;
end
$$;

-- locks/_sets_overlap.sql
-- Whether any of some paths overlaps any of others. Files are compared as sets; trees and globs one by one, those of
-- the first with files by a regular expression that is made once.
create function coord._sets_overlap(p_some text[], p_others text[]) returns boolean
language plpgsql immutable parallel safe
as $$
begin
  return p_some && p_others
    or exists (select from unnest(p_some) s(path), unnest(p_others) o(path)
      where coord._is_scope(o.path) and coord._overlaps(s.path, o.path))
    or exists (
      select from (
        select coord._literal_prefix(s.path) as prefix, coord._glob_regex(s.path) as regex
        from unnest(p_some) s(path) where coord._is_scope(s.path) offset 0) r
      join unnest(p_others) o(path) on starts_with(o.path, r.prefix) and o.path !~ '^(resource|label):|[*?]|/$'
        and o.path ~ r.regex);
end
$$;

-- locks/_shares_too_much.sql
-- Whether the agent would have more than 2,000 shares, one for each path and session, lapsed ones included: all of a
-- path's are looked at by whoever wants it alone, and whoever takes it away tells each of its holders. Few projects
-- have so many at all.
create function coord._shares_too_much(p_call coord._call, p_paths text[]) returns boolean
language plpgsql volatile
as $$
begin
  perform from coord.lock_shares a where a.project_id = p_call.project_id
  offset greatest(2000 - cardinality(p_paths), 0) limit 1;
  if not found then return false; end if;
  return cardinality(p_paths) + (
    select count(*) from coord.lock_shares a
    join coord.sessions s on s.project_id = a.project_id and s.session_id = a.session_id
    where a.project_id = p_call.project_id
      and coalesce(s.delegated_from, s.agent) = coord._account(p_call)
      and not (a.session_id = p_call.session_id and a.path = any (p_paths))) > 2000;
end
$$;

-- locks/_take.sql
-- Takes paths (in normal form and order) for the calling session, all or none. locks: what acquire_lock answers; null
-- when something is in the way, or when the agent has brought too many paths until full_until. p_waiter_id: the place
-- of the session in the queue.
-- Never two holders: callers have the advisory lock, so no other _take runs in the project. Fast UPDATEs are kept out
-- before the look that counts: the rows of the paths are locked, in path order, and for trees, globs and shared locks
-- all rows that overlap are guarded. So what a fast UPDATE took before is seen, and until the end of this transaction
-- none takes one of them; afterwards they are taken or guarded. Rows that do not exist yet are made by nobody else. A
-- first look spares refused calls the guarding.
create function coord._take(
  p_call coord._call, p_paths text[], p_shared boolean, p_reason text, p_ttl_seconds integer, p_task_id uuid,
  p_waiter_id bigint default null, out locks jsonb, out full_until timestamptz
)
language plpgsql volatile
as $$
declare
  v_rows text[];
begin
  if p_shared or array_to_string(p_paths, e'\n') ~ '[*?]|/(\n|$)' then
    perform from coord._blockers(p_call.project_id, p_call.session_id, p_paths, p_shared, p_waiter_id, p_limit => 1);
    if found then return; end if;
    perform coord._guard_rows(p_call.project_id, p_paths, p_takes => true);
  end if;
  v_rows := coord._overlapping_rows(p_call.project_id, p_paths);
  perform from coord.locks l where l.project_id = p_call.project_id and l.path = any (v_rows)
  order by l.path for update;
  perform from coord._blockers(p_call.project_id, p_call.session_id, p_paths, p_shared, p_waiter_id);
  if found then return; end if;
  full_until := coord._full_until(p_call, p_paths);
  if full_until is not null then return; end if;
  if p_waiter_id is not null then
    delete from coord.lock_waiters w where w.project_id = p_call.project_id and w.waiter_id = p_waiter_id;
  end if;
  perform coord._free_lapsed(p_call, v_rows, p_shared);
  locks := coord._grant(p_call, p_paths, p_shared, p_reason, p_ttl_seconds * interval '1 second', p_task_id);
end
$$;

-- locks/_take_free.sql
-- acquire_lock for several plain files that are all free: the fast way for a set. Null when any of them is not, or has
-- no row yet.
-- Concurrency: as in acquire_lock each row is taken under its own lock, and they are locked in path order, so two
-- callers meet on the first common one and nobody waits in a circle. When one is missing, the inner block is rolled
-- back and lets go of the others, before _take is asked.
create function coord._take_free(p_call coord._call, p_paths text[], p_reason text, p_ttl_seconds integer) returns jsonb
language plpgsql volatile
as $$
declare
  v_locks jsonb;
begin
  with free as materialized (
    select l.path from coord.locks l
    where l.project_id = p_call.project_id and l.path = any (p_paths) and l.session_id is null and not l.guarded
    order by l.path for update
  ), taken as (
    update coord.locks l set token = l.token + 1, session_id = p_call.session_id, reason = p_reason,
      acquired_at = clock_timestamp(), expires_at = clock_timestamp() + p_ttl_seconds * interval '1 second'
    from free f where l.project_id = p_call.project_id and l.path = f.path
    returning l.path, l.token, l.expires_at
  )
  select jsonb_agg(jsonb_build_object('path', t.path, 'token', t.token, 'expires_at', t.expires_at,
    'renewed', false) order by t.path) into v_locks
  from taken t;
  if jsonb_array_length(v_locks) = cardinality(p_paths) then return v_locks; end if;
  raise exception using errcode = 'CNFLT';
exception when sqlstate 'CNFLT' then
  return null;
end
$$;

-- locks/_take_paths.sql
-- Takes the paths of a task for the session that claims it, exclusively and all or none; false when anything clashes,
-- somebody who waits since before included. Does not wait for holders, and journals nothing: the claim's row says it.
-- Locks that the session had already are renewed and stay its own; _free_task_paths frees only the others.
create function coord._take_paths(
  p_call coord._call, p_paths text[], p_reason text, p_ttl_seconds integer, p_task_id uuid
) returns boolean
language plpgsql volatile set plan_cache_mode = force_generic_plan
as $$
declare
  v_paths text[] := coord._normal_paths(p_paths);
  v_taken record;
begin
  if coalesce(cardinality(p_paths), 0) = 0 then return true; end if;
  if p_call.extra ? 'limits' and coord._over_limit(p_call, v_paths, false) is not null then return false; end if;
  -- Asked before as well, so that nobody waits for the advisory lock in vain, nor others for him.
  if coord._too_many_scopes(p_call, v_paths) then return false; end if;
  perform coord._serialize_locks(p_call.project_id);
  if coord._too_many_scopes(p_call, v_paths) then return false; end if;
  v_taken := coord._take(p_call, v_paths, false, p_reason, p_ttl_seconds, p_task_id);
  if v_taken.locks is null then return false; end if;
  if p_call.extra ? 'limits' then perform coord._note_files(p_call, v_paths); end if;
  return true;
end
$$;

-- locks/_taken_paths.sql
-- Paths that sessions locked, by rows of the journal: with acquire_lock, or with the claim of a task that names them, of
-- which the newest 20,000: the rows of claims weigh nothing, but a task may have 100 paths and be claimed very often.
create function coord._taken_paths(p_entries coord.journal[])
returns table (path text, session_id uuid, agent text, xact_id xid8, entry_id bigint)
language sql stable
as $$
  with claims as (
    select e.*, case when e.resource ~ '^task:' then substr(e.resource, 6)::uuid end as task_id
    from unnest(p_entries) e
    where e.operation in ('get_work', 'get_work_batch') and e.outcome = 'ok'
  ), named as materialized (
    -- Once a task, however often it was claimed: its terms are large.
    select t.task_id, (t.terms).paths, cardinality((t.terms).paths) as count
    from (select distinct c.project_id, c.task_id from claims c) d
    join coord.tasks t on t.project_id = d.project_id and t.task_id = d.task_id
  ), newest as (
    select c.session_id, c.agent, c.xact_id, c.entry_id, n.paths,
      sum(n.count) over (order by c.entry_id desc) as so_far
    from claims c join named n on n.task_id = c.task_id
    where n.count > 0
  )
  select l.lock ->> 'path', e.session_id, e.agent, e.xact_id, e.entry_id
  from unnest(p_entries) e cross join jsonb_path_query(coalesce(e.detail -> 'locks', e.detail), 'lax $[*]') l(lock)
  where e.operation = 'acquire_lock' and e.outcome = 'ok'
  union all
  select p.path, n.session_id, n.agent, n.xact_id, n.entry_id
  from newest n cross join unnest(n.paths) p(path)
  where n.so_far <= 20000;
$$;

-- locks/_tell_holder.sql
-- Tells a session that a lock of its is gone: with its next call, and in the inbox of its agent.
create function coord._tell_holder(p_project_id integer, p_session_id uuid, p_notice jsonb) returns void
language plpgsql volatile
as $$
begin
  perform coord._notify(p_project_id, p_session_id, p_notice);
  perform coord._inbox_add(p_project_id, s.agent, p_session_id, 'lock_lost', p_notice - '{kind,message}'::text[]
    || jsonb_build_object('cause', p_notice -> 'kind', 'text', p_notice -> 'message'), p_notice ->> 'path')
  from coord.sessions s where s.project_id = p_project_id and s.session_id = p_session_id;
end
$$;

-- locks/_tidy_locks.sql
-- Tidies what callers of _serialize_locks read: waiters that are gone, and trees and globs that nobody holds any more.
create function coord._tidy_locks(p_project_id integer) returns void
language plpgsql volatile
as $$
begin
  delete from coord.lock_waiters w
  where w.project_id = p_project_id and w.waiter_id in (
    select o.waiter_id from coord.lock_waiters o
    where o.project_id = p_project_id
      and (o.asked_at <= clock_timestamp() - interval '5 seconds' or coord._is_dead(p_project_id, o.session_id))
    for update skip locked);
  delete from coord.lock_scopes c
  where c.project_id = p_project_id
    and not exists (select from coord.locks l
      where l.project_id = p_project_id and l.path = c.path and l.session_id is not null)
    and not exists (select from coord.lock_shares s where s.project_id = p_project_id and s.path = c.path);
end
$$;

-- locks/_too_many_scopes.sql
-- Whether these paths would give the agent more trees and globs that it holds or waits for than it may have.
-- Each of them is compared with whatever others ask for, globs with globs segment by segment, so nobody may have as many
-- as he likes.
create function coord._too_many_scopes(p_call coord._call, p_paths text[]) returns boolean
language plpgsql volatile
as $$
declare
  v_asked text[] := array(select p.path from unnest(p_paths) p(path) where coord._is_scope(p.path));
begin
  if v_asked = '{}' then return false; end if;
  return coord._are_many_scopes(v_asked || array(
      select distinct h.path from (
        select l.path, l.session_id from coord.lock_scopes c
        join coord.locks l on l.project_id = c.project_id and l.path = c.path
        where c.project_id = p_call.project_id
        union all
        select s.path, s.session_id from coord.lock_scopes c
        join coord.lock_shares s on s.project_id = c.project_id and s.path = c.path
        where c.project_id = p_call.project_id
        union all
        select q.path, w.session_id from coord.lock_waiters w, unnest(w.paths) q(path)
        where w.project_id = p_call.project_id and coord._is_scope(q.path)
      ) h
      join coord.sessions s on s.project_id = p_call.project_id and s.session_id = h.session_id
      where coalesce(s.delegated_from, s.agent) = coord._account(p_call) and h.path <> all (v_asked)));
end
$$;

-- locks/_wait_for_lock.sql
-- Puts the caller into the queue, or keeps its place there when it asks again, and answers as _held_answer. One that
-- would close a circle of waiting sessions is told so and not put there. Only the first ask is journalled, and no
-- answer is kept for an idempotency key, because the same call is made again until it is served.
-- Concurrency: callers have the advisory lock. The rows it waits for are guarded, so whoever comes after the release
-- meets the queue.
create function coord._wait_for_lock(p_call coord._call, p_paths text[], p_shared boolean, p_waiter_id bigint)
returns jsonb
language plpgsql volatile
as $$
declare
  v_waiter_id bigint := p_waiter_id;
  v_release text;
  v_answer jsonb;
begin
  -- Nobody reads the answers in between, so notices are left for the last one.
  p_call.extra := nullif(p_call.extra - 'notices', '{}');
  if p_waiter_id is not null then
    update coord.lock_waiters w set asked_at = clock_timestamp()
    where w.project_id = p_call.project_id and w.waiter_id = p_waiter_id;
  else
    v_release := coord._deadlock(p_call, p_paths, p_shared);
    if v_release is not null then
      v_answer := coord._held_answer(p_call, p_paths, p_shared, null,
        format('Deadlock: those ahead wait for you. Release %s, then ask again.', left(v_release, 100)))
        || '{"deadlock": true}';
      return coord._leave(p_call, v_answer, p_paths[1], v_answer -> 'blocked_by', 'deadlock');
    end if;
    perform coord._guard_rows(p_call.project_id, p_paths, p_takes => false);
    insert into coord.lock_waiters as w (project_id, session_id, paths, shared)
    values (p_call.project_id, p_call.session_id, p_paths, p_shared)
    returning w.waiter_id into v_waiter_id;
  end if;
  v_answer := coord._held_answer(p_call, p_paths, p_shared, v_waiter_id);
  return coord._leave(p_call, v_answer, case when p_waiter_id is null then p_paths[1] end, v_answer -> 'blocked_by',
    'waiting', 'null');
end
$$;

-- locks/_waits_too_much.sql
-- Whether the agent would wait for more than 2,000 paths, or with more than 200 calls: all that wait are looked at by
-- whoever asks for a lock.
create function coord._waits_too_much(p_call coord._call, p_paths text[]) returns boolean
language plpgsql volatile
as $$
begin
  return (
    select count(*) >= 200 or coalesce(sum(cardinality(w.paths)), 0) + cardinality(p_paths) > 2000
    from coord.lock_waiters w
    join coord.sessions s on s.project_id = w.project_id and s.session_id = w.session_id
    where w.project_id = p_call.project_id and coalesce(s.delegated_from, s.agent) = coord._account(p_call));
end
$$;

-- locks/_write_locks.sql
-- Writes the rows of coord.locks for a grant and answers the locks; of shared ones only the token is kept here.
-- p_mine: what the session had of the paths, see _grant.
create function coord._write_locks(
  p_call coord._call, p_paths text[], p_shared boolean, p_reason text, p_ttl interval, p_task_id uuid, p_mine jsonb
) returns jsonb
language plpgsql volatile
as $$
declare
  v_locks jsonb;
begin
  with granted as (
    insert into coord.locks as l (project_id, path, token, session_id, reason, acquired_at, expires_at, guarded, task_id)
    select p_call.project_id, p.path,
      1 + coalesce((select f.token from coord.lock_floors f where f.project_id = p_call.project_id), 0),
      case when not p_shared then p_call.session_id end, case when not p_shared then p_reason end,
      clock_timestamp(), clock_timestamp() + p_ttl, p.path = any (g.paths), p_task_id
    from unnest(p_paths) p(path), coord._guarded_paths(p_call.project_id, p_paths, p_shared) g(paths)
    on conflict (project_id, path) do update set
      token = l.token + case when p_mine ->> l.path = 'renewed' then 0 else 1 end,
      session_id = excluded.session_id,
      reason = case when p_mine ->> l.path = 'renewed' then coalesce(excluded.reason, l.reason) else excluded.reason end,
      acquired_at = case when p_mine ->> l.path = 'renewed' then l.acquired_at else excluded.acquired_at end,
      expires_at = case when p_mine ->> l.path = 'renewed' and p_task_id is not null
        then greatest(l.expires_at, excluded.expires_at) else excluded.expires_at end,
      guarded = excluded.guarded,
      task_id = case when p_mine ->> l.path = 'renewed' and p_task_id is not null then l.task_id else p_task_id end
    returning l.path, l.token, l.expires_at
  )
  select jsonb_agg(jsonb_build_object('path', g.path, 'token', g.token, 'expires_at', g.expires_at,
      'renewed', coalesce(p_mine ->> g.path = 'renewed', false))
    || case when p_shared then '{"shared": true}'::jsonb else '{}' end
    || case when p_mine ->> g.path = 'lapsed' then '{"lapsed": true}'::jsonb else '{}' end order by g.path) into v_locks
  from granted g;
  return v_locks;
end
$$;

-- locks/_write_shares.sql
-- Writes the shares that go with the tokens in p_locks, and answers the locks; one that is renewed keeps its token.
create function coord._write_shares(p_call coord._call, p_locks jsonb, p_reason text, p_ttl interval, p_mine jsonb)
returns jsonb
language plpgsql volatile
as $$
declare
  v_locks jsonb;
begin
  with granted as (
    insert into coord.lock_shares as s (project_id, path, session_id, token, reason, acquired_at, expires_at)
    select p_call.project_id, g.lock ->> 'path', p_call.session_id, (g.lock ->> 'token')::bigint, p_reason,
      clock_timestamp(), clock_timestamp() + p_ttl
    from jsonb_array_elements(p_locks) g(lock)
    on conflict (project_id, path, session_id) do update set
      token = case when p_mine ->> s.path = 'renewed' then s.token else excluded.token end,
      reason = coalesce(excluded.reason, case when p_mine ->> s.path = 'renewed' then s.reason end),
      acquired_at = case when p_mine ->> s.path = 'renewed' then s.acquired_at else excluded.acquired_at end,
      expires_at = excluded.expires_at
    returning s.path, s.token
  )
  select jsonb_agg(p.lock || jsonb_build_object('token', g.token) order by g.path) into v_locks
  from granted g join jsonb_array_elements(p_locks) p(lock) on p.lock ->> 'path' = g.path;
  return v_locks;
end
$$;

-- messages/_count_message_violations.sql
-- The part of count_violations about the inbox and threads.
create function coord._count_message_violations() returns jsonb
language sql volatile
as $$
  with
  items as materialized (
    select i.* from coord.projects p cross join lateral (
      select n.* from coord.inbox_items n where n.project_id = p.project_id order by n.item_id desc limit 2000) i),
  receipts as materialized (
    select r.* from items i
    join coord.inbox_receipts r on r.project_id = i.project_id and r.item_id = i.item_id limit 5000),
  threads as materialized (select n.* from coord.threads n limit 2000)
  select to_jsonb(of_items) || to_jsonb(of_skipped) || to_jsonb(of_receipts) || to_jsonb(of_threads)
  from (
    select count(*) filter (where i.at > clock_timestamp()) as inbox_items_of_the_future,
      count(*) filter (where i.agent <> '' and a.agent is null) as inbox_items_for_nobody,
      count(*) filter (where i.agent = '' and i.session_id is not null) as inbox_items_for_everybody_and_one
    from items i left join coord.agents a on a.project_id = i.project_id and a.agent = i.agent
  ) of_items, (
    -- Below its floor a session never looks, so there must be nothing that came since it began and that it has not read.
    select count(*) as unread_items_below_floors
    from (select n.* from coord.inbox_readers n limit 1000) r
    join items i on i.project_id = r.project_id and i.agent in (r.agent, '') and i.xact_id < r.floor
    where i.session_id is null and i.at > r.started_at and i.from_session_id is distinct from r.session_id
      and r.floor <= pg_snapshot_xmax(pg_current_snapshot())
      and not exists (select from coord.inbox_receipts x where x.project_id = i.project_id and x.item_id = i.item_id
        and x.agent = r.agent and x.session_id = r.session_id)
  ) of_skipped, (
    select count(*) filter (where i.agent not in (r.agent, '')) as inbox_receipts_of_others
    from receipts r join items i on i.project_id = r.project_id and i.item_id = r.item_id
  ) of_receipts, (
    select count(*) filter (where t.posts <> c.posts or t.posts <> c.last) as threads_with_wrong_count_of_posts
    from threads t cross join lateral (
      select count(*) as posts, max(p.post_number) as last
      from coord.thread_posts p where p.project_id = t.project_id and p.thread_id = t.thread_id) c
  ) of_threads;
$$;

-- messages/_forget_messages.sql
-- The part of _forget about messages: items of the inbox and their receipts 30 days, resolved threads 30 days after
-- their last change, others 180. Decisions stay.
create function coord._forget_messages() returns void
language plpgsql volatile
as $$
begin
  with gone as (
    delete from coord.inbox_items i where (i.project_id, i.item_id) in (
      select o.project_id, o.item_id from coord.inbox_items o
      where o.at < clock_timestamp() - interval '30 days' limit 1000 for update skip locked)
    returning i.project_id, i.item_id)
  delete from coord.inbox_receipts r using gone g where r.project_id = g.project_id and r.item_id = g.item_id;
  -- Of a transaction that read an item while it was deleted.
  delete from coord.inbox_receipts r where (r.project_id, r.item_id, r.agent, r.session_id) in (
    select o.project_id, o.item_id, o.agent, o.session_id from coord.inbox_receipts o
    where o.at < clock_timestamp() - interval '31 days'
      and not exists (select from coord.inbox_items i where i.project_id = o.project_id and i.item_id = o.item_id)
    limit 1000 for update skip locked);
  delete from coord.inbox_readers r where (r.project_id, r.session_id) in (
    select o.project_id, o.session_id from coord.inbox_readers o
    where not exists (select from coord.sessions s where s.project_id = o.project_id and s.session_id = o.session_id)
    limit 1000 for update skip locked);
  with gone as (
    delete from coord.threads t where (t.project_id, t.thread_id) in (
      select o.project_id, o.thread_id from coord.threads o
      where o.changed_at < clock_timestamp() - case when o.status = 'resolved' then 30 else 180 end * interval '1 day'
      limit 1000 for update skip locked)
    returning t.project_id, t.thread_id)
  delete from coord.thread_posts p using gone g where p.project_id = g.project_id and p.thread_id = g.thread_id;
end
$$;

-- messages/_inbox_add.sql
-- Puts an item into an inbox: of all sessions of an agent, of the named one, or of everybody when p_agent is null.
-- p_item are the fields that the reader gets beside kind and subject ("task:<id>", "approval:<id>", a path); its
-- "text" says what happened and what to do. What is for a session that is dead before it has read it goes to the next
-- session of its agent that reads.
-- Concurrency: one insert, which waits for nobody. Who waits in read_inbox asks again when the operation that
-- called this has `wakes: true`, else within about a second.
create function coord._inbox_add(
  p_project_id integer, p_agent text, p_session_id uuid, p_kind text, p_item jsonb, p_subject text
) returns void
language sql volatile
as $$
  insert into coord.inbox_items (project_id, item_id, agent, session_id, kind, subject, item)
  values (p_project_id, coord._new_id(), coalesce(p_agent, ''), p_session_id, p_kind, p_subject, p_item);
$$;

-- messages/_inbox_reader.sql
-- Who reads for the calling session, and from where on: its row, or what it would be before the first read. A floor
-- that the server's transactions have not reached comes from another server, by a restored backup, and means nothing.
create function coord._inbox_reader(p_call coord._call) returns coord.inbox_readers
language plpgsql stable
as $$
declare
  v_reader coord.inbox_readers;
begin
  select r.* into v_reader from coord.inbox_readers r
  where r.project_id = p_call.project_id and r.session_id = p_call.session_id
    and r.floor <= pg_snapshot_xmin(pg_current_snapshot());
  if found then return v_reader; end if;
  select s.project_id, s.session_id, s.agent, s.started_at, a.created_at, '0'::xid8 into v_reader
  from coord.sessions s join coord.agents a on a.project_id = s.project_id and a.agent = s.agent
  where s.project_id = p_call.project_id and s.session_id = p_call.session_id;
  return v_reader;
end
$$;

-- messages/_mark_read.sql
-- Marks items as read by this session, and answers which of them were not yet. Of two calls at once, the receipt lets
-- one mark an item; the order in which both insert is the same.
create function coord._mark_read(p_reader coord.inbox_readers, p_item_ids uuid[]) returns jsonb
language plpgsql volatile
as $$
declare
  v_read jsonb;
begin
  with marked as (
    insert into coord.inbox_receipts (project_id, item_id, agent, session_id)
    select distinct p_reader.project_id, n.item_id, p_reader.agent, p_reader.session_id from unnest(p_item_ids) n(item_id)
    order by 2
    on conflict do nothing returning item_id
  )
  select coalesce(jsonb_agg(m.item_id), '[]') into v_read from marked m;
  return v_read;
end
$$;

-- messages/_raise_floor.sql
-- Lets the next read begin where this one found nothing open any more. A floor never passes an item that is open, nor
-- p_xmin: transactions from there on may commit later, and with them items that nobody has seen.
create function coord._raise_floor(p_reader coord.inbox_readers, p_xmin xid8) returns void
language plpgsql volatile
as $$
declare
  v_floor xid8 := least(p_xmin, (
    select u.xact_id from coord._unread(p_reader, 1, true) u));
begin
  if v_floor <= p_reader.floor then return; end if;
  insert into coord.inbox_readers as r (project_id, session_id, agent, started_at, joined_at, floor)
  values (p_reader.project_id, p_reader.session_id, p_reader.agent, p_reader.started_at, p_reader.joined_at, v_floor)
  on conflict (project_id, session_id) do update set floor = excluded.floor;
end
$$;

-- messages/_read_inbox.sql
-- The rest of read_inbox, when there may be something. Shows at most p_limit items and about 128 KiB, but at least one.
-- Concurrency: of two calls of one session, the receipt lets one have an item; the other waits for its commit, and gets
-- it when there is none. So a call that dies before its commit has read nothing.
create function coord._read_inbox(
  p_call coord._call, p_reader coord.inbox_readers, p_mark_read boolean, p_read_item_ids uuid[], p_limit integer,
  p_wait_seconds integer
) returns jsonb
language plpgsql volatile
as $$
declare
  -- Older than the snapshots below, so what they miss is not below it.
  v_xmin xid8 := pg_snapshot_xmin(pg_current_snapshot());
  v_unknown uuid := coord._unknown_item(p_reader, p_read_item_ids);
  v_read jsonb;
  v_items jsonb;
  v_more boolean := false;
  v_id uuid;
  v_shown uuid[] := '{}';
  v_bytes integer := 0;
begin
  if v_unknown is not null then
    return coord._refuse(p_call, 'not_found', format('read_item_ids: there is no item %s in your inbox.', v_unknown),
      'Name items that read_inbox has answered within 30 days.', p_resource => 'inbox:' || p_call.agent);
  end if;
  v_read := coord._mark_read(p_reader, p_read_item_ids);
  -- One by one, because to measure an item is to read it, and the others may have megabytes.
  for v_id in select o.item_id from coord._unread(p_reader, p_limit + 1) o order by o.xact_id, o.item_id loop
    v_more := cardinality(v_shown) = p_limit or v_bytes >= 131072;
    exit when v_more;
    v_shown := v_shown || v_id;
    v_bytes := v_bytes + (select octet_length(i.item::text) from coord.inbox_items i
      where i.project_id = p_reader.project_id and i.item_id = v_id);
  end loop;
  with shown as (
    select i.item_id, o.place, i.item || jsonb_strip_nulls(jsonb_build_object('item_id', i.item_id, 'kind', i.kind,
      'subject', i.subject, 'happened_at', i.at)) as item
    from unnest(v_shown) with ordinality o(item_id, place)
    join coord.inbox_items i on i.project_id = p_reader.project_id and i.item_id = o.item_id
  ), marked as (
    insert into coord.inbox_receipts (project_id, item_id, agent, session_id)
    select p_reader.project_id, s.item_id, p_reader.agent, p_reader.session_id from shown s
    where p_mark_read order by s.place
    on conflict do nothing returning item_id
  )
  select coalesce(jsonb_agg(s.item order by s.place), '[]') into v_items
  from shown s where not p_mark_read or s.item_id in (select m.item_id from marked m);
  if p_mark_read then
    v_read := v_read || jsonb_path_query_array(v_items, '$[*].item_id');
    perform coord._raise_floor(p_reader, v_xmin);
  end if;
  if v_items = '[]' and p_wait_seconds > 0 then p_call.extra := nullif(p_call.extra - 'notices', '{}'); end if;
  return coord._leave(p_call,
    jsonb_build_object('received', v_items <> '[]', 'items', v_items, 'more', v_more),
    case when v_read <> '[]' then 'inbox:' || p_call.agent end, jsonb_build_object('read', v_read),
    p_kept => case when v_items = '[]' or not p_mark_read then 'null'::jsonb end);
end
$$;

-- messages/_refuse_silent.sql
-- What an agent is told that has written too much.
create function coord._refuse_silent(p_call coord._call, p_until timestamptz) returns jsonb
language sql volatile
as $$
  select coord._refuse(p_call, 'limit_exceeded',
    'This agent has written 1,000 messages within an hour; one to all counts as ten.',
    'Write again later, and less: see retry_after_seconds.',
    jsonb_build_object('reason', 'too_many_messages', 'resets_at', p_until,
      'retry_after_seconds', ceil(extract(epoch from p_until - clock_timestamp()))));
$$;

-- messages/_silent_until.sql
-- Null while the agent may write p_weight more messages, and then they are counted, if p_counts; else when it may again.
-- At most 1,000 in an hour, so that nobody drowns the others; what all must read, weighs ten.
-- Concurrency: the agent's row lets one session after the other count. It is the last to be locked: rows of threads and
-- tasks, and the locks of the project, come before it. To look first, without counting, locks nothing.
create function coord._silent_until(p_call coord._call, p_weight integer, p_counts boolean default true)
returns timestamptz
language plpgsql volatile
as $$
declare
  v_account text := coord._account(p_call);
begin
  if not p_counts then
    return (select a.messages_since + interval '1 hour' from coord.agents a
      where a.project_id = p_call.project_id and a.agent = v_account
        and a.messages + p_weight > 1000 and a.messages_since > clock_timestamp() - interval '1 hour');
  end if;
  update coord.agents a set
    messages = p_weight + case when a.messages_since > clock_timestamp() - interval '1 hour' then a.messages else 0 end,
    messages_since = case when a.messages_since > clock_timestamp() - interval '1 hour'
      then a.messages_since else clock_timestamp() end
  where a.project_id = p_call.project_id and a.agent = v_account
    and (a.messages + p_weight <= 1000 or a.messages_since <= clock_timestamp() - interval '1 hour');
  if found then return null; end if;
  return (select a.messages_since + interval '1 hour' from coord.agents a
    where a.project_id = p_call.project_id and a.agent = v_account);
end
$$;

-- messages/_tell_assignee.sql
-- Tells an agent that a task is its to do, or (kind escalation) that one has failed for good that it is to look after.
create function coord._tell_assignee(p_task coord.tasks, p_kind text default 'task_assigned') returns void
language sql volatile
as $$
  select coord._inbox_add(p_task.project_id, (p_task.terms).assignee, null, p_kind,
    jsonb_build_object('from', p_task.submitted_by, 'task_id', p_task.task_id, 'type', p_task.type,
      'priority', p_task.priority, 'text', p_task.title)
    || case when p_kind = 'escalation'
      then jsonb_build_object('failed_task_id', p_task.input -> 'task_id') || p_task.input - 'task_id'
      else '{}' end,
    'task:' || p_task.task_id);
$$;

-- messages/_unknown_agent.sql
-- The first of these names that no agent of the project has, or null.
create function coord._unknown_agent(p_project_id integer, p_agents text[]) returns text
language sql stable
as $$
  select n.agent from unnest(p_agents) with ordinality n(agent, place)
  where not exists (select from coord.agents a where a.project_id = p_project_id and a.agent = n.agent)
  order by n.place limit 1;
$$;

-- messages/_unknown_item.sql
-- The first of these items that was never for this reader's agent, or null.
create function coord._unknown_item(p_reader coord.inbox_readers, p_item_ids uuid[]) returns uuid
language sql stable
as $$
  select n.item_id from unnest(p_item_ids) with ordinality n(item_id, place)
  where not exists (
    select from coord.inbox_items i
    where i.project_id = p_reader.project_id and i.item_id = n.item_id and i.agent in (p_reader.agent, ''))
  order by n.place limit 1;
$$;

-- messages/_unread.sql
-- What is open for a session from its floor on, the oldest first: items that it has not read, and that no session of
-- its agent had read when it began. Who was here when a broadcast was sent, or came within an hour, is meant by it. An
-- item for one session is its alone while it lives; after that it goes to whichever other session of the agent reads
-- first. p_held: also what is held for a living session, because it may be left to this one.
-- Each branch walks an index in the order of the answer and stops at the limit; receipts are counted, because a join
-- would read all of them.
create function coord._unread(p_reader coord.inbox_readers, p_limit integer, p_held boolean default false)
returns table (item_id uuid, xact_id xid8)
language sql stable
as $$
  select u.item_id, u.xact_id
  from (values (p_reader.agent), ('')) w(agent)
  cross join lateral (
    select i.item_id, i.xact_id from coord.inbox_items i
    where i.project_id = p_reader.project_id and i.agent = w.agent and i.xact_id >= p_reader.floor
      and (w.agent <> '' or i.at > p_reader.joined_at - interval '1 hour')
      and i.from_session_id is distinct from p_reader.session_id
      and (i.session_id is null or i.session_id = p_reader.session_id or p_held or not exists (
        select from coord.sessions o where o.project_id = i.project_id and o.session_id = i.session_id
          and coord._holds(o.ended_at, o.lease_expires_at)))
      and (select count(*) from coord.inbox_receipts r
        where r.project_id = i.project_id and r.item_id = i.item_id and r.agent = p_reader.agent
          and (r.session_id = p_reader.session_id or r.at < p_reader.started_at or i.session_id is not null)) = 0
    order by i.xact_id, i.item_id limit p_limit
  ) u
  order by u.xact_id, u.item_id limit p_limit;
$$;

-- network/_address.sql
-- The address that a text is, with p_masked a network too; null for anything else. Only the notation that Postgres
-- itself prints for IPv4: shortened, octal and hexadecimal ones are names to nobody here.
create function coord._address(p_text text, p_masked boolean default false) returns inet
language plpgsql immutable
as $$
declare
  v_address inet;
begin
  if p_text !~ '^[0-9a-f:.]+(/[0-9]{1,3})?$' or (p_text ~ '/' and not p_masked)
    or (p_text !~ ':' and p_text !~ '^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+(/|$)') then
    return null;
  end if;
  v_address := p_text::inet;
  if family(v_address) = 4 and host(v_address) <> split_part(p_text, '/', 1) then return null; end if;
  -- 10.1.2.3/8 is a slip: whoever wrote it meant one or the other.
  return case when v_address = network(v_address)::inet then v_address end;
exception when invalid_text_representation then
  return null;
end
$$;

-- network/_agent_type.sql
-- The kind of the calling agent, as its key or its process says, whatever the session says of itself.
create function coord._agent_type(p_call coord._call) returns text
language sql stable
as $$
  select s.granted_type from coord.sessions s
  where s.project_id = p_call.project_id and s.session_id = p_call.session_id;
$$;

-- network/_count_decision.sql
-- Counts a decision about a host in its row of this hour, for a subagent in that of the agent it works for.
-- Concurrency: the UPDATE, else the upsert, count under the row lock. Two who begin the last of 200 rows at once make
-- 201.
create function coord._count_decision(p_call coord._call, p_host text, p_allowed boolean, p_rule text) returns void
language plpgsql volatile
as $$
declare
  v_agent text := coord._account(p_call);
  v_hour timestamptz := date_trunc('hour', clock_timestamp());
begin
  update coord.network_decisions d
  set requests = least(d.requests, 2147483646) + 1, rule = p_rule, last_at = clock_timestamp()
  where d.project_id = p_call.project_id and d.hour = v_hour and d.agent = v_agent and d.host = p_host
    and d.allowed = p_allowed;
  if found then return; end if;
  insert into coord.network_decisions as d (project_id, hour, agent, host, allowed, rule)
  select p_call.project_id, v_hour, v_agent, case when count(*) < 200 then p_host else '' end, p_allowed,
    case when count(*) < 200 then p_rule end
  from coord.network_decisions o
  where o.project_id = p_call.project_id and o.hour = v_hour and o.agent = v_agent
  on conflict (project_id, hour, agent, host, allowed) do update
  set requests = least(d.requests, 2147483646) + 1, last_at = clock_timestamp();
end
$$;

-- network/_forget_decisions.sql
-- Deletes counts of decisions about hosts that are older than 30 days, a thousand at a time.
create function coord._forget_decisions() returns void
language plpgsql volatile
as $$
begin
  delete from coord.network_decisions d where (d.project_id, d.hour, d.agent, d.host, d.allowed) in (
    select o.project_id, o.hour, o.agent, o.host, o.allowed from coord.network_decisions o
    where o.hour < clock_timestamp() - interval '30 days' limit 1000 for update skip locked);
end
$$;

-- network/_is_host_name.sql
-- Whether a text is the name of a host in its one form: lower case, no trailing dot, labels of 1 to 63 letters, digits,
-- - and _, the last one no number, because clients read that as an address.
create function coord._is_host_name(p_text text) returns boolean
language sql immutable parallel safe
as $$
  select length(p_text) between 1 and 253
    and p_text ~ '^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$'
    and p_text !~ '(^|\.)([0-9]+|0x[0-9a-f]*)$';
$$;

-- network/_is_private_host.sql
-- Whether a host is on this machine or in a private network, as far as its text says.
create function coord._is_private_host(p_host text, p_address inet) returns boolean
language plpgsql immutable
as $$
begin
  if p_address is null then return p_host ~ '(^|\.)(localhost|local|localdomain|internal|home\.arpa)$'; end if;
  return p_address <<= any (coord._private_networks());
end
$$;

-- network/_network_pattern.sql
-- A pattern taken apart; kind is null for what is none. Wildcards stand for whole labels, and only in front:
-- *.github.com matches what is below github.com, not github.com itself. An exact name is narrower than any wildcard, a
-- wildcard narrower the more labels it has, a network the longer its mask is.
create function coord._network_pattern(
  p_pattern text, out kind text, out name text, out network inet, out specificity smallint
)
language plpgsql immutable
as $$
begin
  network := coord._address(p_pattern, true);
  if p_pattern = '*' then
    kind := 'any';
    specificity := 0;
  elsif network is not null then
    kind := 'network';
    specificity := masklen(network) + case family(network) when 4 then 96 else 0 end;
  elsif p_pattern ~ '^\*\.' and coord._is_host_name(substr(p_pattern, 3)) then
    kind := 'below';
    name := substr(p_pattern, 3);
    specificity := cardinality(string_to_array(name, '.'));
  elsif coord._is_host_name(p_pattern) then
    kind := 'name';
    name := p_pattern;
    specificity := 128;
  end if;
end
$$;

-- network/_network_rule_for.sql
-- The rule that decides about a host for a session; null for none, which denies. Among rules that match: the lowest
-- priority number; then the narrowest pattern; then the one about this agent, its profile, its kind, all; then deny;
-- then the project's own. What is said of an agent holds for its subagents. A private host needs a rule that names it:
-- an allowing * does not reach it, nor a network that is not itself a private one.
create function coord._network_rule_for(p_call coord._call, p_host text) returns coord.network_rules
language plpgsql stable
as $$
declare
  v_address inet := coord._address(p_host);
  v_private boolean := coord._is_private_host(p_host, v_address);
  v_agent_type text := coord._agent_type(p_call);
  v_account text := coord._account(p_call);
  v_profile text := coord._profile(p_call);
  v_rule coord.network_rules;
begin
  select r.* into v_rule from coord.network_rules r
  where r.project_id in (0, p_call.project_id)
    and (r.agent is null or r.agent = v_account or starts_with(p_call.agent || '/', r.agent || '/'))
    and (r.profile is null or r.profile = v_profile)
    and (r.agent_type is null or r.agent_type = v_agent_type)
    and case r.kind
      when 'name' then r.name = p_host
      when 'below' then v_address is null and right(p_host, length(r.name) + 1) = '.' || r.name
      when 'network' then v_address <<= r.network
        and (r.action = 'deny' or not v_private or r.network <<= any (coord._private_networks()))
      else r.action = 'deny' or not v_private end
  order by r.priority, r.specificity desc, r.agent is null, r.profile is null, r.agent_type is null,
    r.action = 'allow', r.project_id = 0, r.rule
  limit 1;
  return v_rule;
end
$$;

-- network/_private_networks.sql
-- Addresses that are nobody's in the public internet: loopback, private, link-local, shared, documentation, multicast,
-- reserved, and every form of IPv6 that only carries an IPv4 address. Of IPv6, 2000::/3 is public and nothing else.
create function coord._private_networks() returns inet[]
language sql immutable parallel safe
as $$
  select '{0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.0.0.0/24, 192.0.2.0/24,
    192.88.99.0/24, 192.168.0.0/16, 198.18.0.0/15, 198.51.100.0/24, 203.0.113.0/24, 224.0.0.0/4, 240.0.0.0/4,
    ::/3, 4000::/2, 8000::/1, 2001::/23, 2001:db8::/32, 2002::/16, 3fff::/20}'::inet[];
$$;

-- network/_profile.sql
-- Name of the profile that the calling session has; null for a local administrator.
create function coord._profile(p_call coord._call) returns text
language plpgsql stable
as $$
begin
  return (
    select a.profile
    from coord.sessions s
    cross join lateral coord._authority(s.project_id, s.agent, coalesce(s.delegated_from, s.agent), s.granted_type,
      s.granted_trust, s.key_id) a
    where s.project_id = p_call.project_id and s.session_id = p_call.session_id);
end
$$;

-- network/_refuse_for_all.sql
-- What a key is told that would change what holds for all projects.
create function coord._refuse_for_all(p_call coord._call) returns jsonb
language sql volatile
as $$
  select coord._refuse(p_call, 'forbidden', 'A key administers its own project only.',
    'Change what holds for all projects on the machine that runs the coordinator.');
$$;

-- policies/_current_policies.sql
-- The newest version of a project's policies, 0 for all projects; version 0 and none where nobody has stored any.
create function coord._current_policies(p_project_id integer, out version integer, out policies jsonb)
language sql stable
as $$
  select coalesce(max(c.version), 0), coalesce((array_agg(c.policies))[1], '{}')
  from (
    select n.version, n.policies from coord.cedar_policies n
    where n.project_id = p_project_id order by n.version desc limit 1) c;
$$;

-- policies/_leave_policies.sql
-- Closes a change of policies: writes the next version, or refuses because somebody else was faster, or because there
-- would be too many. A project has at most 100 policies of 65,536 bytes each, 262,144 together.
create function coord._leave_policies(
  p_call coord._call, p_all_projects boolean, p_seen integer, p_policies jsonb, p_change text, p_answer jsonb
) returns jsonb
language plpgsql volatile
as $$
declare
  v_version integer;
begin
  if octet_length(p_policies::text) > 262144 or (select count(*) from jsonb_object_keys(p_policies)) > 100 then
    return coord._refuse(p_call, 'limit_exceeded', 'There may be 100 policies, of 256 KiB together.',
      'Delete what is not needed any more, or join several.');
  end if;
  v_version := coord._store_policies(p_call, case when p_all_projects then 0 else p_call.project_id end, p_seen,
    p_policies, p_change);
  if v_version is null then
    return coord._refuse(p_call, 'conflict', 'Somebody else has changed the policies at the same time.',
      'Look at list_cedar_policies, then try again.');
  end if;
  return coord._leave(p_call, p_answer || jsonb_build_object('version', v_version), 'policies',
    jsonb_build_object('change', p_change, 'version', v_version, 'all_projects', p_all_projects));
end
$$;

-- policies/_policies_of_version.sql
-- The policies of a version; none of version 0, null of one that is not kept.
create function coord._policies_of_version(p_project_id integer, p_version integer) returns jsonb
language sql stable
as $$
  select case when p_version = 0 then '{}' else (
    select c.policies from coord.cedar_policies c where c.project_id = p_project_id and c.version = p_version) end;
$$;

-- policies/_principal.sql
-- Who calls, for a policy: what the frame would find in the row of its session, or would write there if it has none
-- yet. Null for a session or a key that is unknown, and for a dead key, so that nobody can tell the two apart.
create function coord._principal(p_caller jsonb) returns jsonb
language plpgsql stable
as $$
declare
  v_project_id integer := (p_caller ->> 'project_id')::integer;
  v_key_id text := p_caller ->> 'key_id';
  v_session_id uuid := (p_caller ->> 'session_id')::uuid;
  v_who record;
  v_authority record;
begin
  if v_session_id is not null then
    -- A subagent is to policies the agent on whose behalf it works.
    select coalesce(s.delegated_from, s.agent) as agent, s.granted_type as agent_type, s.trust, s.restrictions
    into v_who from coord.sessions s
    where s.project_id = v_project_id and s.session_id = v_session_id and s.key_id is not distinct from v_key_id;
    if not found then return null; end if;
    return coord._principal_of(v_who.agent, v_who.agent_type, v_who.trust, v_who.restrictions);
  elsif v_key_id is not null then
    select k.agent, k.agent_type, k.trust into v_who from coord.api_keys k
    where k.key_id = v_key_id and k.project_id = v_project_id and k.revoked_at is null
      and (k.expires_at is null or k.expires_at > clock_timestamp());
    if not found then return null; end if;
  else
    select p_caller ->> 'agent' as agent, p_caller ->> 'agent_type' as agent_type,
      (p_caller ->> 'trust')::smallint as trust into v_who;
  end if;
  v_authority := coord._authority(v_project_id, v_who.agent, v_who.agent, v_who.agent_type, v_who.trust, v_key_id);
  return coord._principal_of(v_who.agent, v_who.agent_type, v_authority.trust, v_authority.restrictions);
end
$$;

-- policies/_principal_of.sql
-- An agent as policies see it. What is not restricted is left out, but for what nobody has to ask for first.
create function coord._principal_of(p_agent text, p_agent_type text, p_trust smallint, p_restrictions jsonb) returns jsonb
language sql immutable
as $$
  select jsonb_strip_nulls(jsonb_build_object('agent', p_agent, 'agent_type', p_agent_type, 'trust', p_trust,
    'suspended', coalesce(p_restrictions ? 'suspended', false), 'scopes', p_restrictions -> 'scopes',
    'allowed_operations', p_restrictions -> 'allowed',
    'blocked_operations', coalesce(p_restrictions -> 'blocked', '[]')));
$$;

-- policies/_refuse_policies.sql
-- Why policies may not be changed in this way, as the answer; null when they may.
create function coord._refuse_policies(p_call coord._call, p_caller jsonb, p_all_projects boolean, p_computed jsonb)
returns jsonb
language plpgsql volatile
as $$
declare
  v_problem jsonb := p_computed #> '{problems,0}';
begin
  if p_all_projects and p_caller ->> 'key_id' is not null then
    return coord._refuse(p_call, 'forbidden', 'A key administers its own project only.',
      'Change what holds for all projects on the machine that runs the coordinator.');
  elsif p_computed -> 'seen' is null then
    return coord._refuse(p_call, 'forbidden', 'A policy is validated before it is stored, which the database cannot do.',
      'Call the operation through the coordinator, not its function.');
  elsif v_problem is not null then
    return coord._refuse(p_call, 'invalid_input',
      format('policy_text: policy %s%s: %s', v_problem ->> 'policy',
        coalesce(', line ' || (v_problem ->> 'line'), ''), v_problem ->> 'message'),
      coalesce(v_problem ->> 'help', 'Correct it and try it with validate_cedar_policy.'),
      jsonb_build_object('problems', p_computed -> 'problems'));
  elsif (p_computed ->> 'locks_out')::boolean then
    return coord._refuse(p_call, 'conflict', 'With these policies you could not change them any more.',
      'Except rollback_cedar_policies for administrators from what you forbid.');
  end if;
  return null;
end
$$;

-- policies/_store_policies.sql
-- Writes the next version of a project's policies; null when p_seen, the version that the caller has seen, is not the
-- newest any more. Versions beyond the newest hundred are forgotten.
-- Concurrency: the primary key lets one of two writers make a version; the other one finds its seen version outdated.
create function coord._store_policies(
  p_call coord._call, p_project_id integer, p_seen integer, p_policies jsonb, p_change text
) returns integer
language plpgsql volatile
as $$
declare
  v_version integer;
begin
  insert into coord.cedar_policies as c (project_id, version, policies, change, set_by)
  select p_project_id, p_seen + 1, p_policies, p_change, p_call.agent
  where (coord._current_policies(p_project_id)).version = p_seen
  on conflict do nothing
  returning c.version into v_version;
  delete from coord.cedar_policies c where c.project_id = p_project_id and c.version <= v_version - 100;
  return v_version;
end
$$;

-- policies/_unasked_policies.sql
-- The hint for who has policies, and asks a process that does not ask them.
create function coord._unasked_policies() returns jsonb
language sql immutable
as $$
  select jsonb_build_object('hint',
    'Stored policies decide only where POLICY_ENGINE=cedar is set, and it is not here: set it for each process that has the database.');
$$;

-- profiles/_acquire_within_limits.sql
-- acquire_lock for a session whose locks or files are limited.
create function coord._acquire_within_limits(
  p_call coord._call, p_paths text[], p_reason text, p_ttl_seconds integer, p_shared boolean, p_wait_seconds integer
) returns jsonb
language plpgsql volatile
as $$
declare
  v_paths text[] := coord._normal_paths(p_paths);
  v_details jsonb := coord._over_limit(p_call, v_paths, p_shared);
  v_call coord._call := p_call;
  v_answer jsonb;
begin
  if v_details is not null then
    return coord._refuse(p_call, 'limit_exceeded', case v_details ->> 'limit'
      when 'max_locks' then format('This agent may hold %s locks at once.', v_details ->> 'most')
      else format('This agent may lock %s files in an hour, named one by one.', v_details ->> 'most') end,
      'Release what you do not need, or ask an administrator; get_my_profile says what is left.', v_details);
  end if;
  v_call.extra := nullif(p_call.extra - 'limits', '{}');
  v_answer := coord._acquire(v_call, v_paths, p_reason, p_ttl_seconds, p_shared, p_wait_seconds);
  if v_answer -> 'acquired' = 'true' and not p_shared then perform coord._note_files(p_call, v_paths); end if;
  return v_answer;
end
$$;

-- profiles/_add_starting_profiles.sql
-- The profiles that every project begins with. Only `default` applies by itself, and it takes nothing away; the others
-- wait to be assigned.
create function coord._add_starting_profiles(p_project_id integer) returns void
language sql volatile
as $$
  insert into coord.profiles (project_id, profile, description, trust, allowed_operations, calls_per_hour, max_files)
  values
    (p_project_id, 'default', 'Everybody without another profile: all that the credential allows.', 4, null, null, null),
    (p_project_id, 'claude_code', 'An agent at the side of a person.', 3, null, 1000, 100),
    (p_project_id, 'web_reviewer', 'Reads, and changes nothing.', 1, '{read}', 1000, 0),
    (p_project_id, 'web_implementer', 'Works on tasks from elsewhere.', 2, null, 1000, 50),
    (p_project_id, 'codex_cloud', 'A worker in the cloud.', 2, null, 1000, 50),
    (p_project_id, 'orchestrator', 'Hands out work and watches over it.', 3, null, 1000, 200)
  on conflict do nothing;
$$;

-- profiles/_apply_profiles.sql
-- Brings the living sessions of a project up to date with its profiles, and says how many have changed. Their next call
-- finds it: trust and lease are what _enter looks at, and a session with restrictions is never fresh.
-- Concurrency: callers have called _lock_profiles before their change, so sessions that are being opened are committed
-- and seen here, or wait and see the change. What has to change is locked in the order of ids, as whoever ends several
-- sessions does, and nothing else is, because every call may be waiting with its own session in hand. The UPDATE looks
-- anew, and so finds the subagents that were opened while this waited for the session that opens them.
-- p_skips: does not wait for sessions that are in the middle of calls, of which somebody may make ever more. Their next call
-- finds a suspension by itself, see _enter_doubtful.
create function coord._apply_profiles(p_project_id integer, p_skips boolean default false) returns integer
language plpgsql volatile
as $$
declare
  v_changed integer;
  v_free uuid[];
begin
  if p_skips then
    v_free := array(
      select s.session_id from coord.sessions s join coord._due_authorities(p_project_id) n using (session_id)
      where s.project_id = p_project_id and s.ended_at is null order by s.session_id for update of s skip locked);
  else
    perform from coord.sessions s join coord._due_authorities(p_project_id) n using (session_id)
    where s.project_id = p_project_id and s.ended_at is null order by s.session_id for update of s;
  end if;
  update coord.sessions s set trust = n.trust, restrictions = n.restrictions, valid_until = n.valid_until,
    lease_expires_at = case when s.beats then least(s.lease_expires_at, n.valid_until) else n.valid_until end,
    fresh_until = '-infinity'
  from coord._due_authorities(p_project_id) n
  where s.project_id = p_project_id and s.session_id = n.session_id
    and (v_free is null or s.session_id = any (v_free)) and coord._is_live(s.ended_at, s.lease_expires_at);
  get diagnostics v_changed = row_count;
  return v_changed;
end
$$;

-- profiles/_authority.sql
-- What a session may do: the least of what its credential and its profile give. p_account is the agent itself, or for a
-- subagent the agent on whose behalf it works: profile and limits are those of the account. restrictions is what the
-- frame has to look at besides trust, null for most; see _restrict.
-- The command line of the machine that runs the coordinator (no key, trust 4) has no profile: whoever sits there owns
-- the database, and somebody must be able to undo a profile that locks everybody out.
create function coord._authority(
  p_project_id integer, p_agent text, p_account text, p_agent_type text, p_trust smallint, p_key_id text,
  out profile text, out source text, out trust smallint, out restrictions jsonb, out session_seconds integer
)
language plpgsql stable
as $$
declare
  v_profile coord.profiles;
begin
  trust := p_trust;
  source := 'local administrator';
  if p_key_id is null and p_trust = 4 then return; end if;
  select a.profile, a.kind into profile, source from coord.profile_assignments a
  where a.project_id = p_project_id
    and (a.kind = 'agent' and a.name = p_account or a.kind = 'agent_type' and a.name = p_agent_type)
  order by a.kind limit 1;
  if not found then
    profile := 'default';
    source := 'default';
  end if;
  select p.* into v_profile from coord.profiles p where p.project_id = p_project_id and p.profile = _authority.profile;
  trust := least(p_trust, coalesce(v_profile.trust, 0));
  session_seconds := v_profile.session_seconds;
  restrictions := nullif(jsonb_strip_nulls(jsonb_build_object(
    'suspended', nullif(coord._is_suspended(p_project_id, p_agent, p_account), false),
    'scopes', (
      select to_jsonb(k.scopes) from coord.api_keys k where k.key_id = p_key_id and k.project_id = p_project_id),
    'allowed', to_jsonb(v_profile.allowed_operations), 'blocked', to_jsonb(v_profile.blocked_operations),
    'calls_per_hour', v_profile.calls_per_hour, 'max_locks', v_profile.max_locks, 'max_files', v_profile.max_files)),
    '{}') || jsonb_build_object('account', p_account, 'profile', profile);
end
$$;

-- profiles/_count_call.sql
-- Counts a call of an agent with limits; null, or the refusal when it had all of its hour. The hour begins with the
-- first call after the last one has passed.
-- Concurrency: the count is checked and written by one statement under the row lock, which is kept until the call ends.
-- So of calls at the same time none goes beyond the limit, and nothing else that is limited is counted by two at once.
create function coord._count_call(p_call coord._call, p_restrictions jsonb, p_counts boolean) returns jsonb
language plpgsql volatile
as $$
declare
  v_most integer := (p_restrictions ->> 'calls_per_hour')::integer;
  v_now timestamptz := clock_timestamp();
  v_resets_at timestamptz;
begin
  insert into coord.agent_usage as u (project_id, agent, calls, since)
  values (p_call.project_id, p_restrictions ->> 'account', p_counts::integer, v_now)
  on conflict (project_id, agent) do update set
    calls = p_counts::integer + case when u.since > v_now - interval '1 hour' then u.calls else 0 end,
    since = case when u.since > v_now - interval '1 hour' then u.since else v_now end
  where not p_counts or v_most is null or u.calls < v_most or u.since <= v_now - interval '1 hour';
  if found then return null; end if;
  select u.since + interval '1 hour' into v_resets_at from coord.agent_usage u
  where u.project_id = p_call.project_id and u.agent = p_restrictions ->> 'account';
  return coord._refuse(p_call, 'limit_exceeded', format('This agent has made its %s calls of the hour.', v_most),
    'Wait until then, or ask an administrator for another profile.',
    jsonb_build_object('reason', 'resource_limit_exceeded', 'limit', 'calls_per_hour', 'most', v_most, 'used', v_most,
      'resets_at', v_resets_at,
      'retry_after_seconds', greatest(1, ceil(extract(epoch from v_resets_at - clock_timestamp())))));
end
$$;

-- profiles/_due_authorities.sql
-- Living sessions whose row does not say any more what _authority says, with what it should say.
create function coord._due_authorities(p_project_id integer)
returns table (session_id uuid, trust smallint, restrictions jsonb, valid_until timestamptz)
language sql volatile
as $$
  select o.session_id, a.trust, a.restrictions, v.valid_until
  from coord.sessions o
  left join coord.api_keys k on k.key_id = o.key_id and k.project_id = o.project_id
  cross join lateral coord._authority(o.project_id, o.agent, coalesce(o.delegated_from, o.agent), o.granted_type,
    o.granted_trust, o.key_id) a
  cross join lateral (select least(coalesce(k.expires_at, 'infinity'),
    coalesce(o.started_at + make_interval(secs => a.session_seconds), 'infinity'))) v(valid_until)
  where o.project_id = p_project_id and o.ended_at is null
    and (o.trust, o.restrictions, o.valid_until) is distinct from (a.trust, a.restrictions, v.valid_until);
$$;

-- profiles/_forbidden_by.sql
-- What of a session's restrictions forbids an operation: suspended, scopes or profile; null for nothing.
-- Whoever may not call an operation may not call it for several at once.
-- A session may always say who it is and live on, so that no list of operations locks anybody out by accident.
create function coord._forbidden_by(p_restrictions jsonb, p_operation text) returns text
language plpgsql immutable
as $$
declare
  v_words text[] := array(select jsonb_array_elements_text(coord._operation_words() -> p_operation));
begin
  if p_restrictions ? 'suspended' then
    return case when p_operation not in ('get_my_profile', 'end_session') then 'suspended' end;
  elsif p_operation in ('register_session', 'heartbeat', 'end_session', 'get_my_profile') then return null;
  elsif not coalesce(p_restrictions -> 'scopes' ?| v_words, true) then return 'scopes';
  elsif p_restrictions -> 'blocked' ?| (v_words || regexp_replace(p_operation, '_batch$', '')) or not p_restrictions -> 'allowed' ?| v_words then return 'profile';
  end if;
  return null;
end
$$;

-- profiles/_held_by.sql
-- Locks that the sessions of an account hold now, subagents included.
create function coord._held_by(p_project_id integer, p_account text)
returns table (path text, session_id uuid)
language plpgsql volatile
as $$
begin
  return query select h.path, h.session_id
  from coord.sessions s
  cross join lateral (
    select l.path, l.session_id, l.expires_at from coord.locks l
    where l.project_id = s.project_id and l.session_id = s.session_id
    union all
    select a.path, a.session_id, a.expires_at from coord.lock_shares a
    where a.project_id = s.project_id and a.session_id = s.session_id) h
  where s.project_id = p_project_id and coalesce(s.delegated_from, s.agent) = p_account
    and coord._is_live(s.ended_at, s.lease_expires_at) and h.expires_at > clock_timestamp();
end
$$;

-- profiles/_is_suspended.sql
-- Whether an agent is suspended: by its own name, with the agent for which it works (p_account: the agent itself where
-- it is no subagent), or with a subagent between the two.
create function coord._is_suspended(p_project_id integer, p_agent text, p_account text) returns boolean
language sql stable
as $$
  select exists (
    select from coord.suspensions s
    where s.project_id = p_project_id
      and (s.agent in (p_agent, p_account)
        or starts_with(p_agent, s.agent || '/') and starts_with(s.agent, p_account || '/')));
$$;

-- profiles/_limits_left.sql
-- Each limit that a session has: how much it is, and what is used and left of it now.
create function coord._limits_left(
  p_project_id integer, p_session coord.sessions, p_restrictions jsonb, p_session_seconds integer
) returns jsonb
language sql volatile
as $$
  select coalesce(jsonb_agg(jsonb_build_object('limit', l.name, 'most', l.most, 'used', coalesce(l.used, 0),
    'left', greatest(0, l.most - coalesce(l.used, 0)), 'resets_at', l.resets_at) order by l.name), '[]')
  from (
    select 'calls_per_hour' as name, (p_restrictions ->> 'calls_per_hour')::integer as most, u.calls as used,
      u.since + interval '1 hour' as resets_at
    from (select) one left join coord.agent_usage u on u.project_id = p_project_id
      and u.agent = p_restrictions ->> 'account' and u.since > clock_timestamp() - interval '1 hour'
    union all
    select 'max_locks', (p_restrictions ->> 'max_locks')::integer, (
      select count(*)::integer from coord._held_by(p_project_id, p_restrictions ->> 'account')), null
    union all
    select 'max_files', (p_restrictions ->> 'max_files')::integer, (
      select count(*)::integer from coord.agent_files f
      where f.project_id = p_project_id and f.agent = p_restrictions ->> 'account'
        and f.locked_at > clock_timestamp() - interval '1 hour'), null
    union all
    select 'session_seconds', p_session_seconds,
      extract(epoch from clock_timestamp() - p_session.started_at)::integer, null) l
  where l.most is not null;
$$;

-- profiles/_lock_profiles.sql
-- Taken by whoever changes profiles, assignments or suspensions, before the change; p_shared by whoever opens a
-- session, before looking at them. So no session is opened by a profile that has just been changed, and missed by the
-- change.
create function coord._lock_profiles(p_project_id integer, p_shared boolean) returns void
language plpgsql volatile
as $$
begin
  if p_shared then
    perform pg_advisory_xact_lock_shared(hashtextextended('coord.profiles', p_project_id));
  else
    perform pg_advisory_xact_lock(hashtextextended('coord.profiles', p_project_id));
  end if;
end
$$;

-- profiles/_note_files.sql
-- Notes the files that a session with a limit on files has locked alone; see _over_limit.
create function coord._note_files(p_call coord._call, p_paths text[]) returns void
language sql volatile
as $$
  insert into coord.agent_files as f (project_id, agent, path, locked_at)
  select (p_call).project_id, (p_call).extra -> 'limits' ->> 'account', p.path, clock_timestamp()
  from unnest(p_paths) p(path)
  where (p_call).extra -> 'limits' ? 'max_files' and p.path !~ '^(resource|label):'
  on conflict (project_id, agent, path) do update set locked_at = excluded.locked_at;
$$;

-- profiles/_one_of_both.sql
-- Raises unless exactly one of agent and agent_type is given.
create function coord._one_of_both(p_agent text, p_agent_type text) returns void
language plpgsql volatile
as $$
begin
  if num_nonnulls(p_agent, p_agent_type) = 1 then return; end if;
  raise exception 'agent: give an agent or an agent_type, and not both'
    using errcode = 'BADIN', hint = 'The profile named default is for everybody else: change it with set_profile.';
end
$$;

-- profiles/_over_limit.sql
-- The details of a refusal if these paths, in normal form, were more than the agent may lock; null if not.
--   max_locks  locks at once, alone or shared, over all sessions of the agent
--   max_files  different files locked alone within an hour; a tree or glob has no number of files, so it is refused.
--              Names such as resource:x are no files.
-- Exact: the frame has locked the row in coord.agent_usage at which all calls of the agent queue.
create function coord._over_limit(p_call coord._call, p_paths text[], p_shared boolean) returns jsonb
language plpgsql volatile
as $$
declare
  v_limits jsonb := p_call.extra -> 'limits';
  v_account text := v_limits ->> 'account';
  v_files text[] := array(select p.path from unnest(p_paths) p(path) where p.path !~ '^(resource|label):');
  v_used integer;
begin
  select count(*) into v_used from coord._held_by(p_call.project_id, v_account) h
  where not (h.path = any (p_paths) and h.session_id = p_call.session_id);
  if v_used + cardinality(p_paths) > (v_limits ->> 'max_locks')::integer then
    return jsonb_build_object('reason', 'resource_limit_exceeded', 'limit', 'max_locks',
      'most', v_limits -> 'max_locks', 'used', v_used);
  end if;
  if p_shared or not v_limits ? 'max_files' then return null; end if;
  select count(*) into v_used from coord.agent_files f
  where f.project_id = p_call.project_id and f.agent = v_account and f.locked_at > clock_timestamp() - interval '1 hour'
    and f.path <> all (v_files);
  if v_used + cardinality(v_files) > (v_limits ->> 'max_files')::integer
    or exists (select from unnest(v_files) p(path) where coord._is_scope(p.path))
  then
    return jsonb_build_object('reason', 'resource_limit_exceeded', 'limit', 'max_files',
      'most', v_limits -> 'max_files', 'used', v_used);
  end if;
  return null;
end
$$;

-- profiles/_refuse_administration.sql
-- Refuses to let somebody administer profiles or keys who is limited by a profile himself: he could give himself, or a
-- new key, more than he has. Null for everybody else: who may administer has trust 4, and nobody has more.
create function coord._refuse_administration(p_call coord._call) returns jsonb
language plpgsql volatile
as $$
begin
  perform from coord.sessions s
  cross join lateral coord._authority(s.project_id, s.agent, coalesce(s.delegated_from, s.agent), s.granted_type,
    s.granted_trust, s.key_id) a
  where s.project_id = p_call.project_id and s.session_id = p_call.session_id
    and (a.session_seconds is not null or coalesce(a.restrictions - '{scopes,account,profile}'::text[], '{}') <> '{}');
  if not found then return null; end if;
  return coord._refuse(p_call, 'forbidden', 'Who is limited by a profile cannot change profiles or make keys.',
    'Ask an administrator without limits, or use the command line of the machine that runs the coordinator.',
    '{"reason": "operation_not_permitted"}');
end
$$;

-- profiles/_refuse_unknown_profile.sql
create function coord._refuse_unknown_profile(p_call coord._call) returns jsonb
language sql volatile
as $$
  select coord._refuse(p_call, 'not_found', 'There is no such profile in this project.',
    'List them: agentcoord profiles list.');
$$;

-- profiles/_refuse_words.sql
-- Raises for a word that names neither an operation nor a toolset, and is not `read` or `write`.
create function coord._refuse_words(p_field text, p_words text[]) returns void
language plpgsql volatile
as $$
declare
  v_unknown text := (
    select w.word from unnest(p_words) w(word)
    where not exists (select from jsonb_each(coord._operation_words()) o where o.value ? w.word) limit 1);
begin
  if v_unknown is null then return; end if;
  raise exception '%: there is no operation or toolset %', p_field, v_unknown
    using errcode = 'BADIN', hint = 'Name operations or toolsets as docs/operations.md does, or read, or write.';
end
$$;

-- profiles/_restrict.sql
-- What the frame does for a session with restrictions: refuses what its key, its profile or a suspension forbids, and
-- counts the call, unless it is one of upkeep: these are always allowed, and who ends a session with subagents waits for
-- theirs, of which each may be waiting for the count. Limits on locks and files go on in the call, for _acquire and _take_paths. p_counts: false for a
-- call that asks again while it waits, which is one call however often it asks.
create function coord._restrict(p_call coord._call, p_restrictions jsonb, p_counts boolean) returns coord._call
language plpgsql volatile
as $$
declare
  v_forbidden_by text := coord._forbidden_by(p_restrictions, p_call.operation);
  v_upkeep boolean := p_call.operation in ('register_session', 'heartbeat', 'end_session', 'get_my_profile');
begin
  if v_forbidden_by = 'suspended' then
    p_call.answer := coord._refuse(p_call, 'forbidden', 'This agent is suspended.',
      'Stop, and ask an administrator: agentcoord agent resume <agent>.', '{"reason": "suspended"}');
  elsif v_forbidden_by = 'scopes' then
    p_call.answer := coord._refuse(p_call, 'forbidden', format('The scopes of this key do not include %s.', p_call.operation),
      'Use another key, or ask an administrator for one with that scope.', '{"reason": "operation_not_permitted"}');
  elsif v_forbidden_by = 'profile' then
    p_call.answer := coord._refuse(p_call, 'forbidden',
      format('The profile %s does not permit %s.', p_restrictions ->> 'profile', p_call.operation),
      'Leave it to another agent, or ask an administrator; get_my_profile says what is permitted.',
      '{"reason": "operation_not_permitted"}');
  elsif not v_upkeep and p_restrictions ?| '{calls_per_hour,max_locks,max_files}' then
    p_call.answer := coord._count_call(p_call, p_restrictions, p_counts);
    if p_restrictions ?| '{max_locks,max_files}' then
      p_call.extra := coalesce(p_call.extra, '{}') || jsonb_build_object('limits', p_restrictions);
    end if;
  end if;
  return p_call;
end
$$;

-- projects/_project.sql
-- The project of that name, made when it is new. Safe when many make it at once: the unique name decides, and one of
-- them is told that it was made.
create function coord._project(p_name text, out project_id integer, out created boolean)
language plpgsql volatile
as $$
begin
  created := false;
  select p.project_id into project_id from coord.projects p where p.name = p_name;
  if found then return; end if;
  insert into coord.projects (name) values (p_name) on conflict (name) do nothing
  returning projects.project_id into project_id;
  created := found;
  if created then perform coord._add_starting_profiles(_project.project_id); end if;
  if not created then
    select p.project_id into project_id from coord.projects p where p.name = p_name;
  end if;
end
$$;

-- reads/_limit_of.sql
-- How many rows somebody asks for who was not checked by the catalogue: 1 to 200, 50 when he does not say.
create function coord._limit_of(p_input jsonb, p_default integer) returns integer
language sql immutable
as $$ select least(greatest(coalesce((p_input ->> 'limit')::integer, p_default), 1), 200) $$;

-- reads/_no_estimates.sql
-- Refuses the question what Postgres expects of a query (PostgREST: Prefer count=planned or estimated, and plans): the
-- answer comes from statistics of all rows, also of those that the asker may not see. Answers 0 to every other query.
-- Postgres calls it while it plans, to estimate the condition of the policies of readable_tables.sql, so nothing has been told by then;
-- and as no project has a number below 0, it does not call it for rows. EXPLAIN is known by the text of the statement,
-- which over PostgREST nobody writes himself. Owners and superusers, whom no policy concerns, see plans.
create function coord._no_estimates() returns integer
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  if current_query() ~* '^\s*explain\M' then
    raise exception 'Estimates and plans are not shown: they would tell of rows that you may not read.'
      using errcode = 'insufficient_privilege', hint = 'Ask for an exact count: Prefer: count=exact.';
  end if;
  return 0;
end
$$;

grant execute on function coord._no_estimates to coord_reader;

-- seals/_as_bytes.sql
-- A text as bytes of which one can tell where they end: its length in UTF-8, then the text; ffffffff for null.
create function coord._as_bytes(p_text text) returns bytea
language sql stable
as $$ select coalesce(int4send(length(convert_to(p_text, 'UTF8'))) || convert_to(p_text, 'UTF8'), '\xffffffff') $$;

-- seals/_bad_row.sql
-- Where the journal is not what it was, as verify_audit says it.
create function coord._bad_row(p_problem text, p_seal_number integer, p_xact_id xid8, p_entry_id bigint) returns jsonb
language sql immutable
as $$
  select jsonb_build_object('problem', p_problem, 'seal_number', p_seal_number, 'cursor', p_xact_id || '-' || p_entry_id);
$$;

-- seals/_canonical_entry.sql
-- A journal row as the bytes that are hashed; docs/audit.md describes them for those who compute them elsewhere. The
-- same whatever time zone, encoding and language a session has: integers are big-endian, instants are microseconds
-- since 2000-01-01 UTC, texts (jsonb, too) are UTF-8 behind their length in four bytes, and null is ffffffff.
-- Has no query in it and takes a row of the table itself, so that Postgres inlines it: 50,000 rows a second and more.
create function coord._canonical_entry(p_entry coord.journal) returns bytea
language sql stable
as $$
  select int8send(p_entry.project_id) || xid8send(p_entry.xact_id) || int8send(p_entry.entry_id)
    || timestamptz_send(p_entry.started_at) || timestamptz_send(p_entry.at)
    || coalesce('\x00000010'::bytea || uuid_send(p_entry.session_id), '\xffffffff')
    || coord._as_bytes(p_entry.agent) || coord._as_bytes(p_entry.operation) || coord._as_bytes(p_entry.outcome)
    || coord._as_bytes(p_entry.resource) || coord._as_bytes(p_entry.detail::text);
$$;

-- seals/_check_seal.sql
-- Null when a seal follows the one before it, has the hash of what it says, and its rows are those that were sealed;
-- else where it is not so. Rows of an exported segment are gone (p_is_dropped): then none may be there.
-- A seal that was written anew, hash and all, shows in the next one, which keeps the hash of the one before.
create function coord._check_seal(p_previous coord.seals, p_seal coord.seals, p_is_dropped boolean) returns jsonb
language plpgsql stable
as $$
declare
  v_rows record;
begin
  if p_seal.seal_number <> p_previous.seal_number + 1 then
    return coord._bad_row('seal_missing', p_previous.seal_number + 1, p_previous.last_xact_id, p_previous.last_entry_id);
  elsif p_seal.seal_hash <> coord._seal_hash(p_seal)
    or (p_seal.first_xact_id, p_seal.first_entry_id) <= (p_previous.last_xact_id, p_previous.last_entry_id)
    or (p_seal.first_xact_id, p_seal.first_entry_id) > (p_seal.last_xact_id, p_seal.last_entry_id)
    or p_seal.row_count < 1 or p_seal.total_rows <> p_previous.total_rows + p_seal.row_count
  then
    return coord._bad_row('seal_changed', p_seal.seal_number, p_seal.first_xact_id, p_seal.first_entry_id);
  elsif p_seal.previous_hash <> p_previous.seal_hash then
    return coord._bad_row('seal_changed', p_previous.seal_number, p_previous.first_xact_id, p_previous.first_entry_id);
  end if;
  v_rows := coord._rows_hash(p_seal.project_id, p_previous.last_xact_id, p_previous.last_entry_id,
    p_seal.last_xact_id, p_seal.last_entry_id, p_seal.row_count + 1);
  if p_is_dropped and v_rows.row_count = 0
    or v_rows.row_count = p_seal.row_count and v_rows.rows_hash = p_seal.rows_hash
  then
    return null;
  end if;
  return coord._find_bad_row(p_seal, p_previous.last_xact_id, p_previous.last_entry_id, p_is_dropped);
end
$$;

-- seals/_count_seal_violations.sql
-- What must never be of seals, for count_violations: of the newest 1,000 of each project whether each follows the one
-- before and has the hash of what it says, of the newest five whether they have as many rows as they say. That the rows
-- are the same is what verify_audit tells, which looks at all.
create function coord._count_seal_violations() returns jsonb
language plpgsql stable
as $$
begin
  return (
    with seals as materialized (
      select x.seal, lag(x.seal) over newer as before,
        row_number() over (partition by (x.seal).project_id order by (x.seal).seal_number desc) as age
      from coord.projects p
      cross join lateral (
        select n as seal from coord.seals n where n.project_id = p.project_id order by n.seal_number desc limit 1000) x
      window newer as (partition by (x.seal).project_id order by (x.seal).seal_number))
    select jsonb_build_object(
      'seals_that_do_not_follow', count(*) filter (where (before).seal_number <> (seal).seal_number - 1
        or (before).seal_hash <> (seal).previous_hash or (before).total_rows <> (seal).total_rows - (seal).row_count
        or ((before).last_xact_id, (before).last_entry_id) >= ((seal).first_xact_id, (seal).first_entry_id)),
      'seals_with_another_hash', count(*) filter (where coord._seal_hash(seal) <> (seal).seal_hash),
      'seals_with_other_rows', count(*) filter (where age <= 5 and before is not null
        and (seal).seal_number > coord._dropped_through((seal).project_id)
        and (seal).row_count <> (coord._rows_hash((seal).project_id, (before).last_xact_id, (before).last_entry_id,
          (seal).last_xact_id, (seal).last_entry_id, (seal).row_count + 1)).row_count))
    from seals);
end
$$;

-- seals/_count_unsealed.sql
-- How many rows wait for their seal; 1,000 stands for that many or more.
create function coord._count_unsealed(p_project_id integer, p_last coord.seals) returns integer
language sql stable
as $$
  select count(*) from (
    select from coord.journal j
    where j.project_id = p_project_id and (j.xact_id, j.entry_id) > (p_last.last_xact_id, p_last.last_entry_id)
    order by j.xact_id, j.entry_id limit 1000) u;
$$;

-- seals/_dropped_through.sql
-- The number of the last seal whose rows were exported and dropped; 0 when there is none.
create function coord._dropped_through(p_project_id integer) returns integer
language sql stable
as $$
  select coalesce((
    select g.last_seal from coord.segments g where g.project_id = p_project_id order by g.last_seal desc limit 1), 0);
$$;

-- seals/_exported_entries.sql
-- Rows of a project's journal after one key, up to another, as they are exported: their detail is the text that is
-- hashed, so that nobody has to write JSON as Postgres does.
create function coord._exported_entries(
  p_project_id integer, p_after_xact_id xid8, p_after_entry_id bigint, p_last_xact_id xid8, p_last_entry_id bigint
) returns jsonb
language sql stable
as $$
  select coalesce(jsonb_agg(jsonb_build_object('cursor', r.xact_id || '-' || r.entry_id, 'started_at', r.started_at,
    'happened_at', r.at, 'session_id', r.session_id, 'agent', r.agent, 'operation', r.operation, 'outcome', r.outcome,
    'resource', r.resource, 'detail', r.detail::text) order by r.xact_id, r.entry_id), '[]')
  from (
    select j.* from coord.journal j
    where j.project_id = p_project_id and (j.xact_id, j.entry_id) > (p_after_xact_id, p_after_entry_id)
      and (j.xact_id, j.entry_id) <= (p_last_xact_id, p_last_entry_id)
    order by j.xact_id, j.entry_id) r;
$$;

-- seals/_exported_seal.sql
-- A seal as it is exported: all that its hash is over, and its leaves.
create function coord._exported_seal(p_seal coord.seals) returns jsonb
language sql stable
as $$
  select jsonb_build_object('seal_number', p_seal.seal_number,
    'first_cursor', p_seal.first_xact_id || '-' || p_seal.first_entry_id,
    'last_cursor', p_seal.last_xact_id || '-' || p_seal.last_entry_id,
    'row_count', p_seal.row_count, 'total_rows', p_seal.total_rows, 'sealed_at', p_seal.sealed_at,
    'rows_hash', encode(p_seal.rows_hash, 'hex'), 'previous_hash', encode(p_seal.previous_hash, 'hex'),
    'seal_hash', encode(p_seal.seal_hash, 'hex'), 'leaves', (
      select replace(encode(l.leaves, 'base64'), E'\n', '') from coord.seal_leaves l
      where l.project_id = p_seal.project_id and l.seal_number = p_seal.seal_number));
$$;

-- seals/_find_bad_row.sql
-- The first row of a seal that is not as it was when it was sealed, by comparing the rows with the seal's leaves: the
-- cursor of a row that was changed, is missing or was added. Where the leaves themselves are not what the seal has
-- hashed, nothing can be told but that it is one of the seal's rows, and its first one is named. Of a seal whose rows
-- were dropped every row is one that was added.
create function coord._find_bad_row(
  p_seal coord.seals, p_after_xact_id xid8, p_after_entry_id bigint, p_is_dropped boolean
) returns jsonb
language plpgsql stable
as $$
declare
  v_leaves bytea;
  v_row record;
begin
  select l.leaves into v_leaves from coord.seal_leaves l
  where l.project_id = p_seal.project_id and l.seal_number = p_seal.seal_number;
  if p_is_dropped then v_leaves := ''; end if;
  if not p_is_dropped and sha256(v_leaves) is distinct from p_seal.rows_hash then
    return coord._bad_row('leaves', p_seal.seal_number, p_seal.first_xact_id, p_seal.first_entry_id);
  end if;
  select coalesce(f.xact_id, s.xact_id) as xact_id, coalesce(f.entry_id, s.entry_id) as entry_id,
    case when f.leaf is null then 'missing' when s.leaf is null then 'added' else 'changed' end as problem
  into v_row
  from (
    select j.xact_id, j.entry_id, coord._leaf(j) as leaf from coord.journal j
    where j.project_id = p_seal.project_id and (j.xact_id, j.entry_id) > (p_after_xact_id, p_after_entry_id)
      and (j.xact_id, j.entry_id) <= (p_seal.last_xact_id, p_seal.last_entry_id)
    order by j.xact_id, j.entry_id limit length(v_leaves) / 48 + 1) f
  full join (
    select coord._integer_of(substr(v_leaves, i, 8))::text::xid8 as xact_id,
      coord._integer_of(substr(v_leaves, i + 8, 8)) as entry_id, substr(v_leaves, i, 48) as leaf
    from generate_series(1, length(v_leaves), 48) i) s on s.xact_id = f.xact_id and s.entry_id = f.entry_id
  where f.leaf is distinct from s.leaf
  order by 1, 2 limit 1;
  if not found then return null; end if;
  return coord._bad_row(v_row.problem, p_seal.seal_number, v_row.xact_id, v_row.entry_id);
end
$$;

-- seals/_find_checkpoint.sql
-- Whether the chain still contains a checkpoint: 'contained', 'missing' when it ends before it, 'differs' when it
-- has another hash at that place, or is the chain of another project. What is signed is looked at by who has the key.
create function coord._find_checkpoint(p_project_id integer, p_checkpoint jsonb) returns text
language sql stable
as $$
  select case
    when p_checkpoint ->> 'project' <> p.name then 'differs'
    when s.seal_hash is null then 'missing'
    when encode(s.seal_hash, 'hex') = p_checkpoint ->> 'seal_hash' then 'contained'
    else 'differs'
  end
  from coord.projects p
  left join coord.seals s on s.project_id = p.project_id and s.seal_number = (p_checkpoint ->> 'seal_number')::integer
  where p.project_id = p_project_id;
$$;

-- seals/_integer_of.sql
-- Eight bytes as the number they stand for, the first byte counting most.
create function coord._integer_of(p_bytes bytea) returns bigint
language sql immutable
as $$ select ('x' || encode(p_bytes, 'hex'))::bit(64)::bigint $$;

-- seals/_is_exported.sql
-- Whether a journal row lies in a segment that was exported.
create function coord._is_exported(p_project_id integer, p_xact_id xid8, p_entry_id bigint) returns boolean
language sql stable
as $$
  select exists (
    select from coord.segments g
    where g.project_id = p_project_id and g.last_seal = coord._dropped_through(p_project_id)
      and (p_xact_id, p_entry_id) <= (g.last_xact_id, g.last_entry_id));
$$;

-- seals/_last_seal.sql
-- The newest seal of a project; before the first one, one of no rows (see _seal_at).
create function coord._last_seal(p_project_id integer) returns coord.seals
language plpgsql stable
as $$
declare
  v_seal coord.seals;
begin
  select s.* into v_seal from coord.seals s where s.project_id = p_project_id order by s.seal_number desc limit 1;
  if found then return v_seal; end if;
  return coord._seal_at(p_project_id, 0);
end
$$;

-- seals/_leaf.sql
-- What a seal knows of a journal row: its key and its hash, 48 bytes.
create function coord._leaf(p_entry coord.journal) returns bytea
language sql stable
as $$
  select xid8send(p_entry.xact_id) || int8send(p_entry.entry_id) || sha256(coord._canonical_entry(p_entry));
$$;

-- seals/_newest_at.sql
-- The time of the newest row of a seal; of a seal without rows, that of the seal.
create function coord._newest_at(p_seal coord.seals, p_previous coord.seals) returns timestamptz
language sql stable
as $$
  select coalesce(max(r.at), p_seal.sealed_at) from (
    select j.at from coord.journal j
    where j.project_id = p_seal.project_id
      and (j.xact_id, j.entry_id) > (p_previous.last_xact_id, p_previous.last_entry_id)
      and (j.xact_id, j.entry_id) <= (p_seal.last_xact_id, p_seal.last_entry_id)
    order by j.xact_id, j.entry_id) r;
$$;

-- seals/_prove_segment.sql
-- Lets a segment be written only if its rows are exactly those that were sealed, none of them is of the last 30 days,
-- which readers of events may still ask for, and it follows the last segment. So nobody gets rid of a row that is not
-- proved to be in the chain, not even the owner of these tables. At most 50,000 rows, so that a call has an end.
create function coord._prove_segment() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
  v_previous coord.seals := coord._seal_at(new.project_id, new.first_seal - 1);
  v_last coord.seals := coord._seal_at(new.project_id, new.last_seal);
  v_page record;
begin
  if new.first_seal <> coord._dropped_through(new.project_id) + 1 or new.last_seal < new.first_seal
    or v_last.seal_number = 0 or new.row_count <> v_last.total_rows - v_previous.total_rows or new.row_count > 50000
    or (new.last_xact_id, new.last_entry_id) is distinct from (v_last.last_xact_id, v_last.last_entry_id)
  then
    raise exception 'a segment is whole seals, from the one after the last segment on, and 50,000 rows at most'
      using errcode = 'DNIED', hint = 'Export it with agentcoord audit export --drop.';
  end if;
  v_page := coord._verify_seals(new.project_id, new.first_seal - 1, new.row_count);
  if v_page.bad is not null or (v_page.last_seal).seal_number < new.last_seal then
    raise exception 'a row of the segment is not as it was sealed: %', v_page.bad
      using errcode = 'CNFLT', hint = 'Nothing was dropped. Call verify_audit, and keep a backup.';
  elsif exists (
    select from coord.journal j
    where j.project_id = new.project_id and (j.xact_id, j.entry_id) <= (new.last_xact_id, new.last_entry_id)
      and j.at >= clock_timestamp() - interval '30 days')
  then
    raise exception 'a row of the segment is younger than 30 days'
      using errcode = 'DNIED', hint = 'Readers of events may still ask for it. Export less, or later.';
  end if;
  return new;
end
$$;

create trigger proved before insert on coord.segments
for each row execute function coord._prove_segment();

-- seals/_refuse_segment.sql
-- Why the rows up to a seal cannot be dropped, if they cannot: there is no such seal, or one of the rows is too young,
-- or there are too many at once, or they are not what was sealed. Null when they can.
create function coord._refuse_segment(
  p_call coord._call, p_first integer, p_last coord.seals, p_last_seal integer, p_older_than_days integer
) returns jsonb
language plpgsql volatile
as $$
declare
  v_before coord.seals := coord._seal_at(p_call.project_id, p_first - 1);
  v_bad jsonb;
begin
  if p_last.seal_number = 0 or p_last_seal < p_first then
    return coord._refuse(p_call, 'not_found', format('last_seal: there is no seal %s with rows that can be dropped.', p_last_seal),
      format('The first one that has rows is %s.', p_first));
  elsif p_last.total_rows - v_before.total_rows > 50000 then
    return coord._refuse(p_call, 'limit_exceeded', 'last_seal: more than 50,000 rows at once.',
      'Export and drop fewer seals at a time, as agentcoord audit export --drop does.', '{"reason": "segment_too_large"}');
  end if;
  v_bad := (coord._verify_seals(p_call.project_id, p_first - 1, (p_last.total_rows - v_before.total_rows)::integer)).bad;
  if v_bad is not null then
    return coord._refuse(p_call, 'conflict', 'A row of the segment is not as it was when it was sealed; nothing was dropped.',
      'Call verify_audit, keep a backup of the database, and find out who did it.',
      jsonb_build_object('reason', 'segment_changed', 'first_bad', v_bad));
  elsif coord._newest_at(p_last, v_before) >= clock_timestamp() - make_interval(days => p_older_than_days) then
    return coord._refuse(p_call, 'conflict', format('last_seal: a row of the segment is not older than %s days.', p_older_than_days),
      'Export with the same older_than_days, which leaves such rows out.', '{"reason": "segment_too_young"}');
  end if;
  return null;
end
$$;

-- seals/_rows_hash.sql
-- How many rows a project's journal has after one key, up to another, and the hash over their leaves: what a seal says
-- of them. Reads at most p_most, so that rows somebody has put there do not make it long.
create function coord._rows_hash(
  p_project_id integer, p_after_xact_id xid8, p_after_entry_id bigint, p_last_xact_id xid8, p_last_entry_id bigint,
  p_most integer, out row_count integer, out rows_hash bytea
)
language sql stable
as $$
  select count(*), sha256(coalesce(string_agg(r.leaf, ''), ''))
  from (
    select coord._leaf(j) as leaf from coord.journal j
    where j.project_id = p_project_id and (j.xact_id, j.entry_id) > (p_after_xact_id, p_after_entry_id)
      and (j.xact_id, j.entry_id) <= (p_last_xact_id, p_last_entry_id)
    order by j.xact_id, j.entry_id limit p_most) r;
$$;

-- seals/_seal_at.sql
-- The seal of that number; number 0, and one that is not there, is one of no rows whose hash is 32 zero bytes.
create function coord._seal_at(p_project_id integer, p_seal_number integer) returns coord.seals
language plpgsql stable
as $$
declare
  v_seal coord.seals;
begin
  select s.* into v_seal from coord.seals s where s.project_id = p_project_id and s.seal_number = p_seal_number;
  if found then return v_seal; end if;
  return row(p_project_id, 0, '0', 0, '0', 0, 0, 0, null, null, null, decode(repeat('00', 32), 'hex'))::coord.seals;
end
$$;

-- seals/_seal_hash.sql
-- The hash of a seal: over the hash of the seal before it and all that this one says. All parts have a fixed length.
create function coord._seal_hash(p_seal coord.seals) returns bytea
language sql immutable
as $$
  select sha256('agentcoord-seal-1'::bytea || p_seal.previous_hash || int8send(p_seal.project_id)
    || int8send(p_seal.seal_number) || xid8send(p_seal.first_xact_id) || int8send(p_seal.first_entry_id)
    || xid8send(p_seal.last_xact_id) || int8send(p_seal.last_entry_id) || int8send(p_seal.row_count)
    || int8send(p_seal.total_rows) || timestamptz_send(p_seal.sealed_at) || p_seal.rows_hash);
$$;

-- seals/_seal_rows.sql
-- Seals the next rows of a project's journal below the horizon, 1,000 at most, or fewer heavy ones, and says how many
-- there were.
-- Nothing is ever left out: below the horizon no row will come any more (see _horizon). The transaction gets its id
-- only with the insert at the end, so readers of events do not wait for the hashing.
-- Concurrency: seal_journal lets one at a time; the key lets one seal have a number.
create function coord._seal_rows(p_project_id integer, p_horizon xid8) returns integer
language plpgsql volatile
as $$
declare
  v_last coord.seals := coord._last_seal(p_project_id);
  v_seal coord.seals := v_last;
  v_leaves bytea;
begin
  select count(*), string_agg(r.leaf, ''), (array_agg(r.xact_id))[1], (array_agg(r.entry_id))[1],
    (array_agg(r.xact_id))[count(*)], (array_agg(r.entry_id))[count(*)]
  into v_seal.row_count, v_leaves, v_seal.first_xact_id, v_seal.first_entry_id, v_seal.last_xact_id, v_seal.last_entry_id
  from (
    select n.xact_id, n.entry_id, coord._leaf(n.entry) as leaf
    from (
      select j as entry, j.xact_id, j.entry_id, sum(coord._journal_weight(j.detail)) over (
        order by j.xact_id, j.entry_id rows between unbounded preceding and 1 preceding) as weight_before
      from coord.journal j
      where j.project_id = p_project_id and j.xact_id < p_horizon
        and (j.xact_id, j.entry_id) > (v_last.last_xact_id, v_last.last_entry_id)
      order by j.xact_id, j.entry_id limit 1000) n
    where coalesce(n.weight_before, 0) < coord._look_bytes()
    order by n.xact_id, n.entry_id) r;
  if v_seal.row_count = 0 then return 0; end if;
  v_seal.seal_number := v_last.seal_number + 1;
  v_seal.total_rows := v_last.total_rows + v_seal.row_count;
  v_seal.sealed_at := clock_timestamp();
  v_seal.rows_hash := sha256(v_leaves);
  v_seal.previous_hash := v_last.seal_hash;
  v_seal.seal_hash := coord._seal_hash(v_seal);
  insert into coord.seals values (v_seal.*);
  insert into coord.seal_leaves (project_id, seal_number, leaves) values (p_project_id, v_seal.seal_number, v_leaves);
  return v_seal.row_count;
end
$$;

-- seals/_verify_seals.sql
-- Looks at the seals after one of that number, and at their rows: p_most rows or a little more, 5,000 seals at most,
-- and until p_enough has come.
-- What it answers counts those that are good, up to the first that is not; bad says where that is. That the seal before
-- them is good is for who asks to know: it was looked at by the call before.
-- Stable, so that all it reads is of one moment, whatever is written or dropped meanwhile. Nothing that somebody has
-- written into the tables makes it endless: of no seal more rows are read than it says to have.
create function coord._verify_seals(
  p_project_id integer, p_after_seal integer, p_most integer, p_enough timestamptz default 'infinity',
  out last_seal coord.seals, out seals integer, out rows bigint, out dropped_rows bigint, out bad jsonb
)
language plpgsql stable
as $$
declare
  v_seal coord.seals;
  v_dropped_through integer := coord._dropped_through(p_project_id);
begin
  last_seal := coord._seal_at(p_project_id, p_after_seal);
  seals := 0;
  rows := 0;
  dropped_rows := 0;
  for v_seal in
    select s.* from coord.seals s where s.project_id = p_project_id and s.seal_number > p_after_seal
    order by s.seal_number limit 5000
  loop
    bad := coord._check_seal(last_seal, v_seal, v_seal.seal_number <= v_dropped_through);
    exit when bad is not null;
    last_seal := v_seal;
    seals := seals + 1;
    if v_seal.seal_number <= v_dropped_through then dropped_rows := dropped_rows + v_seal.row_count;
    else rows := rows + v_seal.row_count;
    end if;
    exit when rows >= p_most or clock_timestamp() > p_enough;
  end loop;
end
$$;

-- sessions/_account.sql
-- The agent to whom a call is counted: that of the session, or for a subagent the one on whose behalf it works, so that
-- nobody gets more by opening subagents.
create function coord._account(p_call coord._call) returns text
language sql stable
as $$
  select coalesce(s.delegated_from, s.agent) from coord.sessions s
  where s.project_id = (p_call).project_id and s.session_id = (p_call).session_id;
$$;

-- sessions/_caller_of.sql
-- What p_caller is in a call of a session that says no more than who calls: no idempotency key, no repetition.
create function coord._caller_of(p_project_id integer, p_session_id uuid, p_key_id text) returns jsonb
language sql immutable parallel safe
as $$
  select jsonb_strip_nulls(jsonb_build_object('project_id', p_project_id, 'session_id', p_session_id, 'key_id', p_key_id));
$$;

-- sessions/_end_sessions.sql
-- Ends sessions with their subagents, and frees what they held: one row for each that it has ended. p_reason: what
-- their tasks say of the attempt, and their handoffs. p_count_attempts: whether their claims count as attempts (a crash
-- does, an orderly end does not). Subagents have their journal rows from here.
-- All at once, because the locks of a session are found by reading those of the whole project: see locks/table.sql.
-- Concurrency: the rows of sessions are locked first, parents before their subagents; open_subagent locks its parent's,
-- too, so none is opened behind this function's back. Everything after it is done without waiting, because others may
-- hold a task or a lock and wait for their own session, or for the advisory lock of the project: rows that somebody is
-- just changing are left as they are. That loses nothing: locks, shares and places in the queue of an ended session
-- count as free in every decision.
create function coord._end_sessions(p_project_id integer, p_session_ids uuid[], p_reason text, p_count_attempts boolean)
returns table (session_id uuid, released_locks integer, returned_tasks integer)
language plpgsql volatile
as $$
declare
  v_next uuid[] := p_session_ids;
  v_ended uuid[] := '{}';
  v_returned integer[] := '{}';
  v_id uuid;
begin
  loop
    perform from coord.sessions s
    where s.project_id = p_project_id and s.session_id = any (v_next) and s.ended_at is null
    order by s.session_id for update;
    with ended as (
      update coord.sessions s set ended_at = clock_timestamp(), fresh_until = '-infinity', end_reason = p_reason,
        handoff_xact = pg_current_xact_id()
      where s.project_id = p_project_id and s.session_id = any (v_next) and s.ended_at is null
      returning s.session_id
    )
    select array_agg(e.session_id order by e.session_id) into v_next from ended e;
    exit when v_next is null;
    v_ended := v_ended || v_next;
    v_next := array(select s.session_id from coord.sessions s
      where s.project_id = p_project_id and s.parent_session_id = any (v_next) and s.ended_at is null);
  end loop;
  if v_ended = '{}' then return; end if;

  foreach v_id in array v_ended loop
    v_returned := v_returned || coord._return_session_claims(p_project_id, v_id, p_reason, p_count_attempts);
  end loop;
  delete from coord.lock_waiters w where w.project_id = p_project_id and w.waiter_id in (
    select o.waiter_id from coord.lock_waiters o
    where o.project_id = p_project_id and o.session_id = any (v_ended) for update skip locked);
  insert into coord.journal (project_id, session_id, agent, operation, resource, outcome, detail)
  select s.project_id, s.session_id, s.agent, 'end_session', 'session:' || s.session_id, 'ok',
    jsonb_build_object('reason', p_reason, 'parent_session_id', s.parent_session_id)
  from unnest(v_ended) with ordinality e(session_id, place)
  join coord.sessions s on s.project_id = p_project_id and s.session_id = e.session_id
  where s.session_id <> all (p_session_ids) order by e.place;
  return query
    with held as (
      select l.path, l.session_id from unnest(v_ended) e(session_id)
      join coord.locks l on l.project_id = p_project_id and l.session_id = e.session_id
      order by l.path for update of l skip locked
    ), shared as (
      select h.path, h.session_id from unnest(v_ended) e(session_id)
      join coord.lock_shares h on h.project_id = p_project_id and h.session_id = e.session_id
      order by h.path for update of h skip locked
    ), freed as (
      update coord.locks l set session_id = null, reason = null, task_id = null
      from held h where l.project_id = p_project_id and l.path = h.path returning h.session_id
    ), given_up as (
      delete from coord.lock_shares s using shared h
      where s.project_id = p_project_id and s.path = h.path and s.session_id = h.session_id returning h.session_id
    ), released as (
      select r.session_id, count(*)::integer as locks
      from (table freed union all table given_up) r group by 1
    )
    select e.session_id, coalesce(r.locks, 0), e.returned
    from unnest(v_ended, v_returned) e(session_id, returned) left join released r on r.session_id = e.session_id;
end
$$;

-- sessions/_is_dead.sql
-- Whether a session has certainly ended, lapsed or been forgotten. Never waits: one that is being changed right now
-- counts as living, because it may be beating.
create function coord._is_dead(p_project_id integer, p_session_id uuid) returns boolean
language plpgsql volatile
as $$
declare
  v_live boolean;
begin
  select coord._holds(s.ended_at, s.lease_expires_at) into v_live
  from coord.sessions s where s.project_id = p_project_id and s.session_id = p_session_id;
  if not found then return true; end if;
  if v_live then return false; end if;
  perform from coord.sessions s
  where s.project_id = p_project_id and s.session_id = p_session_id
    and not coord._holds(s.ended_at, s.lease_expires_at)
  for share skip locked;
  return found;
end
$$;

-- sessions/_is_live.sql
-- Whether a session may still act. Inlined into queries; false for null. What others may do about it is _holds.
create function coord._is_live(p_ended_at timestamptz, p_lease_expires_at timestamptz) returns boolean
language sql volatile
as $$
  select p_ended_at is null and coalesce(p_lease_expires_at > clock_timestamp(), false);
$$;

-- sessions/_list_sessions.sql
-- Living sessions of a project in the form of discover_agents; p_session_id is who asks. Where there are more than
-- p_limit, each agent has its newest one before any has a second. Of claims 20,000 are counted.
create function coord._list_sessions(p_project_id integer, p_session_id uuid, p_capability text, p_limit integer)
returns jsonb
language plpgsql volatile
as $$
begin
  return jsonb_build_object('agents', coalesce((
    with claims as (
      select c.claim_session_id, count(*) as tasks
      from (
        select t.claim_session_id from coord.tasks t
        where t.project_id = p_project_id and t.status = 'claimed' and t.claim_expires_at > clock_timestamp()
        limit 20000) c
      group by c.claim_session_id
    )
    select jsonb_agg(jsonb_build_object('agent', a.agent, 'agent_type', a.agent_type, 'session_id', a.session_id,
      'parent_session_id', a.parent_session_id, 'delegated_from', a.delegated_from,
      'presence', coord._presence(a.last_call_at), 'capabilities', a.capabilities, 'working_on', a.working_on,
      'last_call_at', a.last_call_at, 'me', a.session_id is not distinct from p_session_id,
      'claimed_tasks', coalesce((select c.tasks from claims c where c.claim_session_id = a.session_id), 0))
      order by a.last_call_at desc)
    from (
      select s.* from coord.sessions s
      where s.project_id = p_project_id and s.ended_at is null and s.lease_expires_at > clock_timestamp()
        and (p_capability is null or p_capability = any (s.capabilities))
      order by row_number() over (partition by coalesce(s.delegated_from, s.agent) order by s.last_call_at desc),
        s.last_call_at desc
      limit p_limit
    ) a), '[]'));
end
$$;

-- sessions/_notices.sql
-- What the calling session has not been told yet, as {"notices": […]}, the oldest 20; {} when there is nothing. The
-- rest comes with the next calls: whoever makes many must not fill the answer to somebody's small question. They count
-- as told when the call ends well, in _leave_with_extra: an answer that is an error carries none.
create function coord._notices(p_call coord._call) returns jsonb
language sql stable
as $$
  select case when count(*) = 0 then '{}'::jsonb else jsonb_build_object('notices', jsonb_agg(
    n.notice || jsonb_build_object('notice_id', n.notice_id, 'happened_at', n.at) order by n.notice_id)) end
  from (
    select o.notice, o.notice_id, o.at from coord.notices o
    where o.project_id = p_call.project_id and o.session_id = p_call.session_id and o.told_at is null
    order by o.notice_id limit 20) n;
$$;

-- sessions/_notify.sql
-- Tells a session something with its next real call: {"kind", "message", …}.
-- Concurrency: the session's row is marked without waiting for it, because callers may hold locks, and ending a session
-- goes from the session to its locks. Whoever is just touching it may miss the notice for the 5 s of a fresh session.
create function coord._notify(p_project_id integer, p_session_id uuid, p_notice jsonb) returns void
language plpgsql volatile
as $$
begin
  insert into coord.notices (project_id, session_id, notice) values (p_project_id, p_session_id, p_notice);
  update coord.sessions s set fresh_until = '-infinity'
  where (s.project_id, s.session_id) in (
    select o.project_id, o.session_id from coord.sessions o
    where o.project_id = p_project_id and o.session_id = p_session_id for update skip locked);
end
$$;

-- sessions/_open_session.sql
-- Opens a session for the credential in p_caller, or finds the living one of that label; null when the key is dead.
-- Its profile is that of the agent and kind which the credential names, whatever kind the call says it is.
-- Concurrency: the key is read under a share lock, so revoke_key, which locks it first, either prevents the session
-- or ends it. Of two that open the same standing session, the unique index lets one insert and gives both its row.
create function coord._open_session(
  p_caller jsonb, p_label text, p_agent_type text default null, p_beats boolean default false
) returns uuid
language plpgsql volatile
as $$
declare
  v_key_id text := p_caller ->> 'key_id';
  v_project_id integer := (p_caller ->> 'project_id')::integer;
  v_agent text := p_caller ->> 'agent';
  v_agent_type text := coalesce(p_agent_type, p_caller ->> 'agent_type');
  v_granted_type text := coalesce(p_caller ->> 'agent_type', p_agent_type);
  v_trust smallint := (p_caller ->> 'trust')::smallint;
  v_authority record;
  v_valid_until timestamptz := 'infinity';
  v_lease_expires_at timestamptz;
  v_session_id uuid := coord._new_id();
begin
  if v_key_id is not null then
    select k.agent, coalesce(p_agent_type, k.agent_type), k.agent_type, k.trust, coalesce(k.expires_at, 'infinity')
      into v_agent, v_agent_type, v_granted_type, v_trust, v_valid_until
    from coord.api_keys k
    where k.key_id = v_key_id and k.project_id = v_project_id and k.revoked_at is null
      and (k.expires_at is null or k.expires_at > clock_timestamp())
    for share;
    if not found then return null; end if;
  end if;
  if p_label is null then perform coord._refuse_many_sessions(v_project_id, v_agent); end if;
  perform coord._lock_profiles(v_project_id, true);
  v_authority := coord._authority(v_project_id, v_agent, v_agent, v_granted_type, v_trust, v_key_id);
  v_valid_until := least(v_valid_until, clock_timestamp() + make_interval(secs => v_authority.session_seconds));
  v_lease_expires_at := least(v_valid_until, case when p_beats then clock_timestamp() + interval '60 seconds' end);
  insert into coord.agents as a (project_id, agent, agent_type) values (v_project_id, v_agent, v_agent_type)
  on conflict do nothing;
  insert into coord.sessions as s
    (project_id, session_id, agent, agent_type, trust, key_id, caller, label, beats, valid_until, lease_expires_at,
    fresh_until, granted_trust, granted_type, restrictions)
  values (v_project_id, v_session_id, v_agent, v_agent_type, v_authority.trust, v_key_id,
    coord._caller_of(v_project_id, v_session_id, v_key_id), p_label, p_beats, v_valid_until,
    v_lease_expires_at, case when v_authority.restrictions is null
      then least(v_lease_expires_at, clock_timestamp() + interval '5 seconds') else '-infinity' end,
    v_trust, v_granted_type, v_authority.restrictions)
  on conflict (project_id, agent, label) where ended_at is null and label is not null
  do update set trust = excluded.trust, granted_trust = excluded.granted_trust,
    restrictions = excluded.restrictions, fresh_until = least(s.fresh_until, excluded.fresh_until)
  returning s.session_id into v_session_id;
  return v_session_id;
end
$$;

-- sessions/_presence.sql
-- Presence as people read it, from the last real call.
create function coord._presence(p_last_call_at timestamptz) returns text
language sql volatile
as $$
  select case
    when p_last_call_at > clock_timestamp() - interval '2 minutes' then 'active'
    when p_last_call_at > clock_timestamp() - interval '15 minutes' then 'idle'
    when p_last_call_at > clock_timestamp() - interval '60 minutes' then 'stale'
    else 'gone'
  end;
$$;

-- sessions/_refuse_many_sessions.sql
-- Raises LIMIT when an agent has 200 live sessions: all of them are shown to everybody. A few more may come from
-- several calls at the same time. Whoever needs one only has a standing session, which is opened whatever number there
-- is.
create function coord._refuse_many_sessions(p_project_id integer, p_agent text) returns void
language plpgsql volatile
as $$
begin
  if (select count(*) from coord.sessions s where s.project_id = p_project_id and s.agent = p_agent
    and s.ended_at is null and s.lease_expires_at > clock_timestamp()) >= 200
  then
    raise exception 'The agent % has 200 open sessions already.', p_agent using errcode = 'LIMIT',
      hint = 'End those that are not needed with end_session, or register with beats: who falls silent is ended then.';
  end if;
end
$$;

-- sessions/_refuse_subagent.sql
-- Why a session cannot have this subagent: a name that is suspended, more trust than its own, a name that is too long,
-- too many at once, or too many names; null if it can. Those of the whole agent are counted, too, however deep: a key
-- whose sessions are without number could not be revoked in one call.
create function coord._refuse_subagent(p_call coord._call, p_parent coord.sessions, p_name text, p_trust integer)
returns jsonb
language plpgsql volatile
as $$
declare
  v_account text := coord._account(p_call);
begin
  if coord._is_suspended(p_call.project_id, p_parent.agent || '/' || p_name, v_account) then
    return coord._refuse(p_call, 'forbidden', format('The subagent %s/%s is suspended.', p_parent.agent, p_name),
      format('Work without it, and ask an administrator: agentcoord agent resume %s/%s.', p_parent.agent, p_name), '{"reason": "suspended"}');
  elsif p_trust > p_parent.trust then
    return coord._refuse(p_call, 'forbidden', format('This session has trust %s, so its subagents have no more.', p_parent.trust),
      'Ask for less, or leave trust out.', '{"reason": "insufficient_trust_level"}');
  elsif length(p_parent.agent) + 1 + length(p_name) > 128 then
    return coord._refuse(p_call, 'invalid_input', 'name: the names of the agent and its subagent are longer than 128 together',
      'Choose a shorter name, and do not nest subagents deeply.');
  elsif (
    select count(*) from coord.sessions s
    where s.project_id = p_call.project_id and s.parent_session_id = p_call.session_id and s.ended_at is null) >= 50
  then
    return coord._refuse(p_call, 'limit_exceeded', 'A session has 50 subagents at most.',
      'End those that are done: end_session in their name.', '{"reason": "too_many_subagents"}');
  elsif (
    select count(*) from coord.sessions s
    where s.project_id = p_call.project_id and s.ended_at is null
      and (s.agent = v_account or starts_with(s.agent, v_account || '/'))) >= 500
  then
    return coord._refuse(p_call, 'limit_exceeded', 'An agent and its subagents have 500 sessions at most.',
      'End those that are done: end_session in their name.', '{"reason": "too_many_subagents"}');
  elsif not exists (
    select from coord.agents a
    where a.project_id = p_call.project_id and a.agent = p_parent.agent || '/' || p_name)
    and (
      select count(*) >= 1000 or count(*) filter (where starts_with(a.agent, p_parent.agent || '/')) >= 200
      from coord.agents a where a.project_id = p_call.project_id and starts_with(a.agent, v_account || '/'))
  then
    return coord._refuse(p_call, 'limit_exceeded', 'An agent gives 200 names to its subagents, and 1,000 to all below it.',
      'Use one of them again.', '{"reason": "too_many_subagents"}');
  end if;
  return null;
end
$$;

-- sessions/_standing_session.sql
-- The session of a caller that names none: the standing one of its key or label, opened when there is none.
-- Null for a key that is dead, and for a caller without key and label, who has to register first.
-- Opening it is journalled as the registration that it stands for, unless the call is one: that has its own row.
create function coord._standing_session(p_caller jsonb, p_operation text) returns uuid
language plpgsql volatile
as $$
declare
  v_label text := coalesce(p_caller ->> 'label', 'key:' || (p_caller ->> 'key_id'));
  v_session_id uuid;
begin
  select s.session_id into v_session_id
  from coord.sessions s
  where s.project_id = (p_caller ->> 'project_id')::integer and s.label = v_label and s.ended_at is null
    and (s.key_id = p_caller ->> 'key_id' or (s.key_id is null and s.agent = p_caller ->> 'agent'
      and s.granted_trust = (p_caller ->> 'trust')::smallint))
  limit 1;
  if v_label is null or v_session_id is not null then return v_session_id; end if;
  v_session_id := coord._open_session(p_caller, v_label);
  if v_session_id is not null and p_operation <> 'register_session' then
    perform coord._journal(s.project_id, 'register_session', 'session:' || s.session_id, 'ok',
      p_session_id => s.session_id, p_agent => s.agent)
    from coord.sessions s
    where s.project_id = (p_caller ->> 'project_id')::integer and s.session_id = v_session_id;
  end if;
  return v_session_id;
end
$$;

-- sessions/_touch_session.sql
-- Notes a sign of life (p_active: and that it was a real call); null when the session does not live any more, else
-- whether its claims are to be renewed: not those of a suspended agent. A subagent lives no longer than the session
-- that opened it.
-- The next 5 s of calls need not write again, but never longer than the lease, not while it has notices to be told, and
-- not while it has restrictions.
create function coord._touch_session(p_project_id integer, p_session_id uuid, p_active boolean) returns boolean
language plpgsql volatile
as $$
declare
  v_renews boolean;
begin
  update coord.sessions s set
    lease_expires_at = case when s.beats and not coalesce(s.restrictions ? 'suspended', false)
      then least(clock_timestamp() + interval '60 seconds', s.valid_until) else s.lease_expires_at end,
    last_call_at = case when p_active then clock_timestamp() else s.last_call_at end,
    fresh_until = case when s.restrictions is null and not exists (select from coord.notices n where n.project_id = s.project_id
        and n.session_id = s.session_id and n.told_at is null)
      then least(clock_timestamp() + interval '5 seconds', s.lease_expires_at) else '-infinity' end
  where s.project_id = p_project_id and s.session_id = p_session_id
    and coord._is_live(s.ended_at, s.lease_expires_at)
    and (s.parent_session_id is null or exists (
      select from coord.sessions p where p.project_id = s.project_id and p.session_id = s.parent_session_id
        and coord._is_live(p.ended_at, p.lease_expires_at)))
  returning not coalesce(s.restrictions ? 'suspended', false) into v_renews;
  return v_renews;
end
$$;

-- threads/_refuse_mention.sql
-- What a caller is told that mentions nobody.
create function coord._refuse_mention(p_call coord._call, p_agent text) returns jsonb
language sql volatile
as $$
  select coord._refuse(p_call, 'not_found', format('mentions: there is no agent %s in this project.', p_agent),
    'See discover_agents for names, or leave the mention out.');
$$;

-- threads/_refuse_thread.sql
-- What a caller is told about a thread that is not there.
create function coord._refuse_thread(p_call coord._call) returns jsonb
language sql volatile
as $$
  select coord._refuse(p_call, 'not_found', 'There is no such thread.', 'See list_threads for the threads of this project.');
$$;

-- threads/_thread_summary.sql
-- A thread as list_threads and read_thread answer it.
create function coord._thread_summary(p_thread coord.threads) returns jsonb
language sql stable
as $$
  select jsonb_build_object('thread_id', p_thread.thread_id, 'title', p_thread.title, 'priority', p_thread.priority,
    'status', p_thread.status, 'agent', p_thread.agent, 'posts', p_thread.posts, 'created_at', p_thread.created_at,
    'changed_at', p_thread.changed_at);
$$;

-- threads/_write_post.sql
-- Writes a post of a thread whose row the caller has locked or made, and tells whom it mentions, and, of a reply,
-- whoever opened the thread.
create function coord._write_post(
  p_call coord._call, p_thread coord.threads, p_post_number integer, p_text text, p_mentions text[]
) returns void
language plpgsql volatile
as $$
begin
  insert into coord.thread_posts (project_id, thread_id, post_number, agent, session_id, text, mentions)
  values (p_call.project_id, p_thread.thread_id, p_post_number, p_call.agent, p_call.session_id, p_text, p_mentions);
  insert into coord.inbox_items (project_id, item_id, agent, from_session_id, kind, subject, item)
  select p_call.project_id, coord._new_id(), t.agent, p_call.session_id, t.kind, 'thread:' || p_thread.thread_id,
    jsonb_build_object('from', p_call.agent, 'thread_id', p_thread.thread_id, 'post_number', p_post_number,
      'title', p_thread.title, 'text', p_text)
  from (
    select distinct m.agent, 'mention' as kind from unnest(p_mentions) m(agent)
    union all
    select p_thread.agent, 'reply'
    where p_post_number > 1 and p_thread.agent <> p_call.agent and p_thread.agent <> all (p_mentions)) t;
end
$$;

-- work/_accepted_before.sql
-- Which of the reports the calling session has made before, and were accepted: the tasks, and the transactions that
-- did. A task that is done has its last token for ever, and the report of it at the end of its trail.
create function coord._accepted_before(
  p_call coord._call, p_reports jsonb, out task_ids uuid[], out xact_ids xid8[]
)
language sql stable
as $$
  select coalesce(array_agg(t.task_id), '{}'), array_agg(distinct j.xact_id)
  from jsonb_to_recordset(p_reports) r(task_id uuid, claim_token bigint)
  join coord.tasks t on t.project_id = (p_call).project_id and t.task_id = r.task_id
    and t.claim_token = r.claim_token and t.status = 'done'
  join coord.journal j on j.project_id = t.project_id and j.xact_id = t.trail[cardinality(t.trail)]
    and j.session_id = (p_call).session_id and j.operation = 'complete_work' and j.resource = 'task:' || t.task_id
    and j.detail ->> 'status' = 'done';
$$;

-- work/_assign_drafts.sql
-- Completes drafts that were found good: whether they are blocked, who gets those to be assigned automatically and
-- is told so, lane.
-- The caller has locked what they depend on.
create function coord._assign_drafts(p_drafts coord.tasks[], p_edges coord.task_dependencies[]) returns coord.tasks[]
language plpgsql volatile
as $$
declare
  v_task coord.tasks;
  v_assigned text[] := '{}';
  -- Of all drafts at once: 100 may have 100 dependencies each.
  v_unmet jsonb := (
    select jsonb_object_agg(u.task_id, u.unmet) from (
      select e.task_id, count(*) as unmet
      from unnest(p_edges) e left join coord.tasks t on t.project_id = e.project_id and t.task_id = e.depends_on
      where t.status is distinct from 'done' group by 1) u);
  v_drafts coord.tasks[] := '{}';
begin
  foreach v_task in array p_drafts loop
    v_task.unmet := coalesce((v_unmet ->> v_task.task_id::text)::integer, 0);
    v_task.status := case when v_task.unmet > 0 then 'blocked'
      when (v_task.terms).run_after > clock_timestamp() then 'scheduled' else 'ready' end;
    v_task.due_at := coord._due_at(v_task.status, (v_task.terms).run_after, (v_task.terms).deadline);
    if (v_task.terms).auto_assign then
      v_task.terms.assignee := coord._auto_assignee(v_task, v_assigned);
      v_assigned := v_assigned || (v_task.terms).assignee;
    end if;
    v_task.lane := coord._lane(v_task);
    if (v_task.terms).assignee is not null then perform coord._tell_assignee(v_task); end if;
    v_drafts := array_append(v_drafts, v_task);
  end loop;
  return v_drafts;
end
$$;

-- work/_assign_waiting.sql
-- Assigns tasks that wait for an agent to one that has just said what it can do, if it may claim: up to 100, the oldest
-- first.
-- Concurrency: rows that somebody has locked are skipped; they go to whoever takes them.
create function coord._assign_waiting(p_call coord._call) returns void
language plpgsql volatile
as $$
declare
  v_capabilities text[];
  v_task coord.tasks;
begin
  perform from coord.tasks t
  where t.project_id = p_call.project_id and t.status = 'ready' and t.lane > '?' and t.lane < '@'
  order by t.lane limit 1;
  if not found then return; end if;
  select s.capabilities into v_capabilities from coord.sessions s
  where s.project_id = p_call.project_id and s.session_id = p_call.session_id and s.trust >= 2
    and (s.restrictions is null or coord._forbidden_by(s.restrictions, 'get_work') is null);
  for v_task in
    select t.* from coord.tasks t
    where t.project_id = p_call.project_id and t.status = 'ready' and t.lane > '?' and t.lane < '@'
      and (t.terms).capabilities <@ v_capabilities and t.submitted_by <> p_call.agent
    order by t.lane, t.rank, t.task_id limit 100 for update skip locked
  loop
    v_task.terms.assignee := p_call.agent;
    update coord.tasks t set terms.assignee = p_call.agent, lane = coord._lane(v_task),
      trail = t.trail || pg_current_xact_id()
    where t.project_id = p_call.project_id and t.task_id = v_task.task_id and (t.terms).assignee is null
      and (t.terms).auto_assign
      and t.status = 'ready';
    perform coord._tell_assignee(v_task);
    perform coord._journal(p_call.project_id, 'register_session', 'task:' || v_task.task_id, 'assigned',
      jsonb_build_object('to', p_call.agent));
  end loop;
end
$$;

-- work/_assignee_of.sql
-- Whom the tasks of a lane are assigned to; null for the others. To read it from the terms of a task would fetch its
-- paths, too, which may have tens of kilobytes.
create function coord._assignee_of(p_lane text) returns text
language sql immutable parallel safe
as $$ select case when starts_with(p_lane, '~') then substr(split_part(p_lane, E'\t', 1), 2) end $$;

-- work/_auto_assignee.sql
-- The agent that a task is best assigned to: online, active within 15 minutes, one that may claim, capable, and with the
-- fewest open tasks; not its submitter. Of 100 sessions, the newest of each agent before any has a second; null when there is
-- none.
-- p_more: open tasks not written yet, by their assignees. Who has a hundred and who has more are alike: a batch asks
-- for each of its tasks, with what they depend on locked.
create function coord._auto_assignee(p_task coord.tasks, p_more text[] default '{}') returns text
language plpgsql volatile
as $$
declare
  v_agents text[] := array(
    select distinct c.agent from (
      select s.agent from coord.sessions s
      where s.project_id = p_task.project_id and s.ended_at is null and s.lease_expires_at > clock_timestamp()
        and s.last_call_at > clock_timestamp() - interval '15 minutes' and s.trust >= 2
        and (s.restrictions is null or coord._forbidden_by(s.restrictions, 'get_work') is null)
        and (p_task.terms).capabilities <@ s.capabilities and s.agent <> p_task.submitted_by
      order by row_number() over (partition by coalesce(s.delegated_from, s.agent) order by s.last_call_at desc),
        s.last_call_at desc
      limit 100) c);
begin
  return (
    select a.agent from coord._open_tasks(p_task.project_id, v_agents, 100) a
    order by a.tasks + cardinality(array_positions(p_more, a.agent)), a.agent limit 1);
end
$$;

-- work/_blank_task.sql
-- A task with nothing in it but its id and what the columns default to.
create function coord._blank_task(p_project_id integer, p_submitted_by text) returns coord.tasks
language sql volatile
as $$
  select jsonb_populate_record(null::coord.tasks, jsonb_build_object(
    'project_id', p_project_id, 'task_id', coord._new_id(), 'submitted_by', p_submitted_by,
    'created_at', clock_timestamp(),
    'type', 'task', 'priority', 5, 'tags', '[]'::jsonb, 'status', 'ready', 'unmet', 0,
    'attempts', 0, 'max_attempts', 3, 'claim_token', 0, 'trail', jsonb_build_array(pg_current_xact_id()::text),
    'terms', '{}'::jsonb));
$$;

-- work/_board.sql
-- The board of a project in the form of get_task_board, which says what it counts.
create function coord._board(p_project_id integer) returns jsonb
language plpgsql volatile
as $$
declare
  v_done jsonb;
  v_locks integer;
begin
  select coalesce(jsonb_object_agg(coalesce(d.agent, ''), d.tasks), '{}') into v_done
  from (
    select n.agent, count(*) as tasks
    from (select t.agent, t.status from coord.tasks t where t.project_id = p_project_id
      order by t.task_id desc limit 1000) n
    where n.status = 'done' group by n.agent
  ) d;
  select count(*) into v_locks from (
    select from (
      select l.session_id, l.expires_at from coord.locks l where l.project_id = p_project_id
      union all
      select a.session_id, a.expires_at from coord.lock_shares a where a.project_id = p_project_id) l
    join coord.sessions s on s.project_id = p_project_id and s.session_id = l.session_id
    where l.expires_at > clock_timestamp() and coord._holds(s.ended_at, s.lease_expires_at) limit 1000) held;
  return jsonb_build_object('agents', coord._board_agents(p_project_id, v_done),
    'locks', v_locks,
    'tasks', coord._count_tasks(p_project_id) || jsonb_build_object(
      'done', (select coalesce(sum(d.value::integer), 0) from jsonb_each_text(v_done) d)));
end
$$;

-- work/_board_agents.sql
-- The agents of a board: up to 100 live sessions, the newest of each agent before any has a second, and what each works
-- on. p_done: how many tasks of
-- late each agent has done. Claims are read once for all, 1,000 of them.
create function coord._board_agents(p_project_id integer, p_done jsonb) returns jsonb
language plpgsql volatile
as $$
begin
  return (
  with here as materialized (
    select s.* from coord.sessions s
    where s.project_id = p_project_id and s.ended_at is null and s.lease_expires_at > clock_timestamp()
    order by row_number() over (partition by coalesce(s.delegated_from, s.agent) order by s.last_call_at desc),
      s.last_call_at desc
    limit 100
  ), works as (
    select l.claim_session_id as session_id,
      jsonb_agg(jsonb_build_object('task_id', l.task_id, 'title', l.title) order by l.task_id) as tasks
    from (
      select t.claim_session_id, t.task_id, t.title from coord.tasks t
      where t.project_id = p_project_id and t.status = 'claimed' and t.claim_expires_at > clock_timestamp()
      order by t.due_at limit 1000) l
    group by l.claim_session_id
  )
  select coalesce(jsonb_agg(jsonb_build_object('agent', h.agent, 'agent_type', h.agent_type,
      'session_id', h.session_id, 'presence', coord._presence(h.last_call_at), 'working_on', h.working_on,
      'open', o.tasks, 'done', coalesce((p_done ->> h.agent)::integer, 0), 'tasks', coalesce(w.tasks, '[]'))
    order by h.agent, h.session_id), '[]')
  from here h
  join coord._open_tasks(p_project_id, array(select distinct n.agent from here n)) o on o.agent = h.agent
  left join works w on w.session_id = h.session_id);
end
$$;

-- work/_busy_paths.sql
-- Which locks are in the way of a task's paths, ten of them at most; none when it is a limit.
create function coord._busy_paths(p_call coord._call, p_paths text[]) returns text[]
language plpgsql volatile
as $$
begin
  return array(
    select b.path from coord._blockers(p_call.project_id, p_call.session_id, p_paths, false, p_limit => 10) b limit 10);
end
$$;

-- work/_cascade.sql
-- Fails the tasks that depend on these, however far, and wish to fail with them; which ones. At most 500 in one call,
-- so that no call takes long: what is left is due at once, and _process_due goes on with it.
-- Concurrency: whoever waits for others has locked all of them before, see _lock_before_end; each round takes what was
-- submitted meanwhile, in id order, with its parents, which the caller counts off afterwards, and goes on until none is
-- found. Guarded by status: a task fails once.
-- With p_waits false, for what time does, it waits for none of them, so that whoever holds some keeps nothing else from
-- failing: what it cannot have now, or whose parent, is due again a second later. Then the caller has the parents of
-- p_task_ids.
create function coord._cascade(p_project_id integer, p_task_ids uuid[], p_waits boolean) returns uuid[]
language plpgsql volatile
as $$
declare
  v_failed uuid[] := '{}';
  v_next uuid[];
  v_had uuid[];
  v_busy uuid[] := '{}';
begin
  loop
    v_next := coord._doomed(p_project_id, p_task_ids, v_failed, v_busy);
    exit when v_next = '{}';
    if p_waits then
      perform coord._lock_tasks(p_project_id, v_next || array(
        select (c.terms).parent_id from coord.tasks c where c.project_id = p_project_id
          and c.task_id = any (v_next) and (c.terms).parent_id is not null));
    else
      v_had := array(
        select t.task_id from coord.tasks t
        cross join lateral (
          select p.task_id from coord.tasks p
          where p.project_id = p_project_id and p.task_id = coalesce((t.terms).parent_id, t.task_id)
          limit 1 for update skip locked) p
        where t.project_id = p_project_id and t.task_id = any (v_next)
        for update of t skip locked);
      v_busy := v_busy || array(select n.task_id from unnest(v_next) n(task_id) where n.task_id <> all (v_had));
      v_next := v_had;
    end if;
    with failed as (
      update coord.tasks t set status = 'failed', due_at = null, finished_at = clock_timestamp(),
        trail = t.trail || pg_current_xact_id(),
        error = 'A task that it depends on failed or was cancelled.'
      where t.project_id = p_project_id and t.task_id = any (v_next) and t.status = 'blocked'
      returning t.task_id
    )
    select coalesce(array_agg(f.task_id order by f.task_id), '{}') into v_next from failed f;
    -- Others have ended all of them meanwhile; there may be more.
    continue when v_next = '{}';
    insert into coord.journal (project_id, operation, resource, outcome)
    select p_project_id, 'sweep', 'task:' || n.task_id, 'dependency_failed' from unnest(v_next) n(task_id);
    v_failed := v_failed || v_next;
  end loop;
  if cardinality(v_failed) < 500 and v_busy = '{}' then return v_failed; end if;
  update coord.tasks t
  set due_at = clock_timestamp() + case when v_busy = '{}' then interval '0 s' else interval '1 s' end
  where t.project_id = p_project_id and t.task_id = any (p_task_ids || v_failed) and t.status in ('failed', 'cancelled')
    and exists (
      select from coord.task_dependencies d join coord.tasks n on n.project_id = d.project_id and n.task_id = d.task_id
      where d.project_id = p_project_id and d.depends_on = t.task_id and n.status = 'blocked'
        and (n.terms).on_dependency_failure = 'cascade');
  return v_failed;
end
$$;

-- work/_choose_tasks.sql
-- The rest of _claim, when special tasks are waiting, or nothing plain is: lets happen what is due, then locks the next
-- tasks that this session may take. When there are none, what the dead have is given back first, so that their tasks
-- are found even if no sweeper runs. With p_settles false it takes only what is ready.
-- Concurrency: to pick waits for nothing (see _pick_tasks), but may leave this transaction with the advisory lock of
-- the project's locks, for which others wait while they have tasks. So what is settled waits for a moment only.
create function coord._choose_tasks(
  p_call coord._call, p_types text[], p_lease_seconds integer, p_count integer, p_settles boolean default true
) returns uuid[]
language plpgsql volatile
as $$
declare
  v_chosen uuid[];
begin
  if p_settles then
    perform coord._resume();
    perform coord._process_due(p_call.project_id, 100);
  end if;
  v_chosen := coord._pick_tasks(p_call, p_types, p_lease_seconds, p_count);
  if p_settles and v_chosen = '{}' and (coord._sweep_tasks(p_call.project_id, 100)).changed then
    v_chosen := coord._pick_tasks(p_call, p_types, p_lease_seconds, p_count);
  end if;
  return v_chosen;
end
$$;

-- work/_claim.sql
-- Claims the next task for the calling session: the answer of get_work; null when there is none. The common path is one
-- UPDATE of the first plain task, and holds while no task of another kind is ready, which is one probe. All else is
-- chosen by _choose_tasks, also what is due when the queue runs dry; before that, the sweeper sees to it: to look here
-- too would make each claim a fortieth slower.
-- To be called with enable_seqscan = off: else many special tasks of other projects let Postgres hope to meet one at
-- once, and read the whole table.
-- Concurrency: the inner query locks one row and skips those that others have locked, so this transaction alone changes
-- it; the token grows with every claim. p_settles: see _choose_tasks.
create function coord._claim(
  p_call coord._call, p_types text[], p_lease_seconds integer, p_settles boolean default true
) returns jsonb
language plpgsql volatile
as $$
declare
  v_chosen uuid;
  v_claim jsonb;
begin
  if p_types is not null then
    v_chosen := (coord._choose_tasks(p_call, p_types, p_lease_seconds, 1, p_settles))[1];
  end if;
  loop
    update coord.tasks t set status = 'claimed', attempts = t.attempts + 1, claim_token = t.claim_token + 1,
      trail = t.trail || pg_current_xact_id(),
      claim_session_id = p_call.session_id, lease_seconds = p_lease_seconds, agent = p_call.agent,
      claim_expires_at = clock_timestamp() + make_interval(secs => p_lease_seconds)
    where t.project_id = p_call.project_id and t.task_id = coalesce(v_chosen, (
      select n.task_id from coord.tasks n
      where n.project_id = p_call.project_id and n.status = 'ready' and n.lane is null and p_types is null
        and not exists (select from coord.tasks x
          where x.project_id = p_call.project_id and x.status = 'ready' and x.lane is not null)
      order by n.lane, n.rank, n.task_id limit 1 for update skip locked))
    returning jsonb_build_object('claimed', true, 'claim_token', t.claim_token,
      'claim_expires_at', t.claim_expires_at, 'task', jsonb_build_object('task_id', t.task_id, 'type', t.type,
        'title', t.title, 'description', t.description, 'input', t.input, 'priority', t.priority, 'tags', t.tags,
        'attempt', t.attempts, 'max_attempts', t.max_attempts, 'last_error', t.error)) into v_claim;
    if found then
      return case when v_chosen is null then v_claim else coord._with_scope(p_call, v_claim) end;
    end if;
    exit when p_types is not null;
    v_chosen := (coord._choose_tasks(p_call, null, p_lease_seconds, 1, p_settles))[1];
    exit when v_chosen is null;
  end loop;
  return null;
end
$$;

-- work/_claim_batch.sql
-- Claims up to p_count tasks at once for the calling session, each with a claim and a journal row of its own, in the
-- order in which get_work would hand them out: the claims, as get_work_batch answers them. p_settles: see
-- _choose_tasks. To be called with enable_seqscan = off; see _claim.
-- Concurrency: as _claim; the rows to claim are collected in an array first, because a join would make the planner read
-- the whole table.
create function coord._claim_batch(
  p_call coord._call, p_count integer, p_types text[], p_lease_seconds integer, p_settles boolean default true
) returns jsonb
language plpgsql volatile
as $$
declare
  v_chosen uuid[];
  v_bytes integer[];
  v_claims jsonb;
begin
  perform from coord.tasks x where x.project_id = p_call.project_id and x.status = 'ready' and x.lane is not null
  order by x.lane, x.rank, x.task_id limit 1;
  if not found and p_types is null then
    select array_agg(f.task_id), array_agg(f.bytes) into v_chosen, v_bytes
    from (
      select n.task_id, coord._claim_bytes(n) as bytes from coord.tasks n
      where n.project_id = p_call.project_id and n.status = 'ready' and n.lane is null
      order by n.lane, n.rank, n.task_id limit p_count for update skip locked) f;
    for v_place in 2 .. coalesce(cardinality(v_chosen), 0) loop
      v_bytes[v_place] := v_bytes[v_place] + v_bytes[v_place - 1];
      if v_bytes[v_place] > coord._page_bytes() then
        v_chosen := v_chosen[:v_place - 1];
        exit;
      end if;
    end loop;
  end if;
  if coalesce(v_chosen, '{}') = '{}' then
    v_chosen := coord._choose_tasks(p_call, p_types, p_lease_seconds, p_count, p_settles);
  end if;
  with claimed as (
    update coord.tasks t set status = 'claimed', attempts = t.attempts + 1, claim_token = t.claim_token + 1,
      trail = t.trail || pg_current_xact_id(),
      claim_session_id = p_call.session_id, lease_seconds = p_lease_seconds, agent = p_call.agent,
      claim_expires_at = clock_timestamp() + make_interval(secs => p_lease_seconds)
    where t.project_id = p_call.project_id and t.task_id = any (v_chosen) and t.status = 'ready'
    returning t as task
  ), noted as (
    insert into coord.journal (project_id, session_id, agent, operation, outcome, resource)
    select p_call.project_id, p_call.session_id, p_call.agent, p_call.operation, 'ok', 'task:' || (c.task).task_id
    from claimed c order by (c.task).rank, (c.task).task_id
  )
  select coalesce(jsonb_agg(coord._claim_of(c.task) order by (c.task).rank, (c.task).task_id), '[]') into v_claims
  from claimed c;
  return v_claims;
end
$$;

-- work/_claim_bytes.sql
-- How much of an answer a claimed task takes, nearly.
create function coord._claim_bytes(p_task coord.tasks) returns integer
language sql stable
as $$
  select octet_length(p_task.title) + coalesce(octet_length(p_task.description), 0)
    + coalesce(octet_length(p_task.input::text), 0) + coalesce(octet_length(p_task.error), 0);
$$;

-- work/_claim_of.sql
-- A claimed task as get_work_batch hands it out.
create function coord._claim_of(p_task coord.tasks) returns jsonb
language sql stable
as $$
  select jsonb_build_object('claim_token', p_task.claim_token, 'claim_expires_at', p_task.claim_expires_at,
    'task', jsonb_build_object('task_id', p_task.task_id, 'type', p_task.type, 'title', p_task.title,
      'description', p_task.description, 'input', p_task.input, 'priority', p_task.priority, 'tags', p_task.tags,
      'attempt', p_task.attempts, 'max_attempts', p_task.max_attempts, 'last_error', p_task.error)
      || jsonb_strip_nulls(jsonb_build_object('paths', to_jsonb((p_task.terms).paths),
        'deadline', (p_task.terms).deadline, 'parent_id', (p_task.terms).parent_id)));
$$;

-- work/_claims_made.sql
-- The claims that the calling session made in these transactions and still has, until they fill a page. Those of one
-- call fit into it; who names reports of several calls gets what does not by naming those of one. One that has lapsed
-- and was claimed anew has another transaction at the end of its trail: another call has handed it out. One after the
-- other, because what does not fit is not to be read either.
create function coord._claims_made(p_call coord._call, p_xact_ids xid8[]) returns jsonb
language plpgsql stable
as $$
declare
  v_id uuid;
  v_claim jsonb;
  v_claims jsonb := '[]';
  v_bytes integer;
  v_left integer := coord._page_bytes();
begin
  for v_id in
    select t.task_id from coord.tasks t
    where t.project_id = p_call.project_id and t.status = 'claimed' and t.claim_session_id = p_call.session_id
      and t.claim_expires_at > clock_timestamp() and t.trail[cardinality(t.trail)] = any (p_xact_ids)
      and t.task_id = any (array(
        select substr(j.resource, length('task:') + 1)::uuid from coord.journal j
        where j.project_id = p_call.project_id and j.xact_id = any (p_xact_ids)
          and j.session_id = p_call.session_id and j.operation in ('get_work', 'get_work_batch')))
    order by t.rank, t.task_id
  loop
    select coord._claim_of(t), coord._claim_bytes(t) into v_claim, v_bytes
    from coord.tasks t where t.project_id = p_call.project_id and t.task_id = v_id;
    v_claims := v_claims || v_claim;
    v_left := v_left - v_bytes;
    exit when v_left <= 0;
  end loop;
  return v_claims;
end
$$;

-- work/_clash.sql
-- Whether two lists of paths have a file in common. Equal paths are found without comparing all with all; of others,
-- one has to be a tree or a glob.
create function coord._clash(p_paths text[], p_busy text[]) returns boolean
language sql immutable parallel safe
as $$
  select coalesce(p_paths && p_busy, false) or exists (
    select from unnest(p_paths) p(path) cross join unnest(p_busy) b(path)
    where coord._is_scope(p.path) and coord._overlaps(p.path, b.path)
  ) or exists (
    select from unnest(p_busy) b(path) cross join unnest(p_paths) p(path)
    where coord._is_scope(b.path) and not coord._is_scope(p.path) and coord._overlaps(p.path, b.path));
$$;

-- work/_count_dependents.sql
-- How many tasks depend on those of these that a session has claimed, together; stops counting at 1,001 for each.
create function coord._count_dependents(p_call coord._call, p_task_ids uuid[]) returns bigint
language plpgsql volatile set enable_seqscan = off
as $$
begin
  return (
    select coalesce(sum(c.dependents), 0) from coord.tasks t cross join lateral (
      select count(*) as dependents from (
        select from coord.task_dependencies d
        where d.project_id = p_call.project_id and d.depends_on = t.task_id
        order by d.depends_on, d.task_id limit 1001) d) c
    where t.project_id = p_call.project_id and t.task_id = any (p_task_ids) and t.status = 'claimed'
      and t.claim_session_id = p_call.session_id);
end
$$;

-- work/_count_off_parents.sql
-- Counts subtasks that have ended off their parents, which are locked in id order.
create function coord._count_off_parents(p_project_id integer, p_task_ids uuid[]) returns void
language plpgsql volatile
as $$
declare
  v_parents uuid[];
  v_ended integer[];
begin
  select array_agg(n.parent_id), array_agg(n.ended) into v_parents, v_ended
  from (
    select (t.terms).parent_id, count(*)::integer as ended from coord.tasks t
    where t.project_id = p_project_id and t.task_id = any (p_task_ids) and (t.terms).parent_id is not null
    group by 1) n;
  if v_parents is null then return; end if;
  perform from coord.tasks t where t.project_id = p_project_id and t.task_id = any (v_parents)
    order by t.task_id for update;
  update coord.tasks p set terms.open_subtasks = (p.terms).open_subtasks - n.ended
  from unnest(v_parents, v_ended) n(task_id, ended)
  where p.project_id = p_project_id and p.task_id = n.task_id;
end
$$;

-- work/_count_tasks.sql
-- How many tasks are in each status but done, each counted by index and up to 1,000.
create function coord._count_tasks(p_project_id integer) returns jsonb
language sql volatile
as $$
  select jsonb_object_agg(c.status, c.tasks) || jsonb_build_object('ready', (
    select count(*) from (select from coord.tasks t where t.project_id = p_project_id and t.status = 'ready'
      order by t.lane limit 1000) r))
  from (
    select n.status, (
      select count(*) from (
        select from coord.tasks t where t.project_id = p_project_id and t.status = n.status
          and t.status in ('claimed', 'blocked', 'scheduled', 'failed', 'cancelled')
          order by t.due_at limit 1000) l) as tasks
    from unnest(array['blocked', 'scheduled', 'claimed', 'failed', 'cancelled']) n(status)
  ) c;
$$;

-- work/_dead_dependencies.sql
-- Why a blocked task will not go on by itself: what it depends on and has failed or was cancelled,
-- ten of them.
create function coord._dead_dependencies(p_project_id integer, p_task_id uuid) returns jsonb
language sql stable
as $$
  select coalesce(jsonb_agg(jsonb_build_object('task_id', t.task_id, 'title', t.title, 'status', t.status)
    order by t.task_id), '[]')
  from (
    select t.task_id, t.title, t.status from coord.task_dependencies d
    join coord.tasks t on t.project_id = d.project_id and t.task_id = d.depends_on
    where d.project_id = p_project_id and d.task_id = p_task_id and t.status in ('failed', 'cancelled')
    order by t.task_id limit 10) t;
$$;

-- work/_distinct_lanes.sql
-- Lanes of a project with something ready, from one text to another, p_most of them: stepped through by index, one
-- probe each, so it does not matter how many tasks stand in them.
create function coord._distinct_lanes(p_project_id integer, p_low text, p_high text, p_most integer)
returns table (lane text, type text, capabilities text[], assignee text)
language sql stable rows 10
as $$
  with recursive lanes (nth, lane, type, capabilities, assignee) as (
    (select 1, n.lane, n.type, (n.terms).capabilities, (n.terms).assignee from coord.tasks n
    where n.project_id = p_project_id and n.status = 'ready' and n.lane > p_low and n.lane < p_high
    order by n.lane limit 1)
    union all
    select l.nth + 1, f.lane, f.type, f.capabilities, f.assignee
    from lanes l cross join lateral (
      select n.lane, n.type, (n.terms).capabilities, (n.terms).assignee from coord.tasks n
      where n.project_id = p_project_id and n.status = 'ready' and n.lane > l.lane and n.lane < p_high
      order by n.lane limit 1) f
    where l.nth < p_most
  )
  select l.lane, l.type, l.capabilities, l.assignee from lanes l;
$$;

-- work/_doomed.sql
-- The tasks that are to fail with those that have failed, in id order: blocked ones that depend on them, however far, and
-- wish so. At most 500 with p_failed_before, which have failed with them already; p_spared and what only these lead to
-- are left out.
create function coord._doomed(
  p_project_id integer, p_failed uuid[], p_failed_before uuid[] default '{}', p_spared uuid[] default '{}'
) returns uuid[]
language plpgsql stable
as $$
begin
  return array(
    with recursive doomed (task_id) as (
      select e.task_id from unnest(p_failed || p_failed_before) e(task_id)
      union
      select t.task_id from doomed c
      join coord.task_dependencies d on d.project_id = p_project_id and d.depends_on = c.task_id
      join coord.tasks t on t.project_id = p_project_id and t.task_id = d.task_id
      where t.status = 'blocked' and (t.terms).on_dependency_failure = 'cascade'
        and t.task_id <> all (p_spared)
    ), chosen as (
      select c.task_id from doomed c where c.task_id <> all (p_failed || p_failed_before)
      limit 500 - cardinality(p_failed_before)
    )
    select s.task_id from chosen s order by 1);
end
$$;

-- work/_draft_dependencies.sql
-- What the drafts depend on, each once: tasks of the same batch by their key, others by their id; depends_on is null
-- for a text that is neither.
create function coord._draft_dependencies(p_tasks jsonb, p_drafts coord.tasks[]) returns coord.task_dependencies[]
language sql volatile
as $$
  with input as (
    select p_drafts[i.place] as draft, i.task from jsonb_array_elements(p_tasks) with ordinality i(task, place)
  )
  select coalesce(array_agg(distinct row((i.draft).project_id, (i.draft).task_id, coalesce((k.draft).task_id,
      case when d.name ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
        then d.name::uuid end))::coord.task_dependencies), '{}')
  from input i cross join jsonb_array_elements_text(
    case jsonb_typeof(i.task -> 'depends_on') when 'array' then i.task -> 'depends_on' else '[]' end) d(name)
  left join input k on k.task ->> 'key' = d.name;
$$;

-- work/_draft_tasks.sql
-- Rows for tasks as they were submitted, in their order: ids, normal paths, ranks; not yet written, and not yet
-- checked. Only the fields that a submitter may set are taken over.
create function coord._draft_tasks(p_call coord._call, p_tasks jsonb) returns coord.tasks[]
language plpgsql volatile
as $$
declare
  v_input jsonb;
  v_task coord.tasks;
  v_drafts coord.tasks[] := '{}';
begin
  for v_input in select i.task from jsonb_array_elements(p_tasks) with ordinality i(task, place) order by i.place loop
    v_task := jsonb_populate_record(coord._blank_task(p_call.project_id, p_call.agent), (
      select jsonb_object_agg(f.key, f.value) from jsonb_each(v_input) f
      where f.value <> 'null' and f.key = any ('{title,description,type,input,priority,tags,max_attempts}')));
    v_task.terms := jsonb_populate_record(null::coord.task_terms, (
      select jsonb_object_agg(f.key, f.value) from jsonb_each(v_input) f
      where f.value <> 'null' and f.key = any (array['capabilities', 'paths', 'assignee', 'run_after', 'deadline',
        'retry', 'retry_seconds', 'escalate_to', 'parent_id', 'on_dependency_failure'])));
    v_task.terms.capabilities := array(select distinct c collate "C" from unnest((v_task.terms).capabilities) c
      order by 1);
    v_task.terms.paths := nullif(coord._normal_paths((v_task.terms).paths), '{}');
    v_task.terms.auto_assign := (v_task.terms).assignee is not distinct from 'auto';
    v_task.rank := clock_timestamp() + v_task.priority * interval '1 hour';
    v_drafts := array_append(v_drafts, v_task);
  end loop;
  return v_drafts;
end
$$;

-- work/_due_at.sql
-- When something must happen to a task by itself: a scheduled one becomes ready, one past its deadline fails.
create function coord._due_at(p_status text, p_run_after timestamptz, p_deadline timestamptz) returns timestamptz
language sql immutable parallel safe
as $$
  select case p_status when 'scheduled' then least(p_run_after, p_deadline) when 'ready' then p_deadline
    when 'blocked' then p_deadline end;
$$;

-- work/_eligible_lanes.sql
-- Lanes with something ready that the calling session may take: of these types (all when null), asking for no
-- capability it lacks, assigned to nobody or to its agent. Those assigned to others and those of other types are not
-- even looked at. Of a project with more than 1,000 lanes a call looks at the first ones, and at as many from somewhere
-- behind them, so that each has its turn and no call takes long. Somewhere is what a lane begins with and one more
-- letter, both by chance: so it may be anywhere, however alike many of them are.
create function coord._eligible_lanes(p_call coord._call, p_types text[]) returns text[]
language sql volatile
as $$
  with whose (prefix) as (
    values (''), ('~' || (p_call).agent || E'\t')
  ), bounds (low, high, most) as (
    select w.prefix, case w.prefix when '' then '~' else '~' || (p_call).agent || E'\n' end, 1000
    from whose w where p_types is null
    union all
    select w.prefix || t.type || E'\x1f', w.prefix || t.type || '!', 1000 / cardinality(p_types)
    from whose w cross join unnest(p_types) t(type)
  ), lanes as materialized (
    select l.* from bounds b cross join lateral coord._distinct_lanes((p_call).project_id, b.low, b.high, b.most) l
  ), behind as (
    select max(l.lane collate "C") as last from lanes l where p_types is null having count(*) >= 1000
  ), others as (
    select l.* from behind b
    cross join lateral (select left(b.last, floor(random() * (length(b.last) + 1))::integer)
      || substr('0123456789abcdefghijklmnopqrstuvwxyz', 1 + floor(random() * 36)::integer, 1) as low) f
    cross join lateral coord._distinct_lanes((p_call).project_id, f.low,
      case when b.last like '~%' then '~' || (p_call).agent || E'\n' else '~' end, 1000) l
  )
  select array(
    select l.lane from (select * from lanes union select * from others) l
    where (l.assignee is null or l.assignee = (p_call).agent)
      and (coalesce(l.capabilities, '{}') = '{}' or l.capabilities <@ (select s.capabilities from coord.sessions s
        where s.project_id = (p_call).project_id and s.session_id = (p_call).session_id)));
$$;

-- work/_escalate.sql
-- Makes a task of type escalation for each of these that has failed and names somebody to escalate to.
-- Its own failure escalates to nobody, so this ends. It is in the name of who submitted the failed task; what went wrong
-- are the words of who worked on it last, in short, and so says who that was.
create function coord._escalate(p_project_id integer, p_task_ids uuid[]) returns void
language plpgsql volatile
as $$
declare
  v_failed coord.tasks;
  v_task coord.tasks;
begin
  for v_failed in
    select t.* from coord.tasks t
    where t.project_id = p_project_id and t.task_id = any (p_task_ids) and t.status = 'failed'
      and (t.terms).escalate_to is not null
    order by t.task_id
  loop
    v_task := coord._blank_task(p_project_id, v_failed.submitted_by);
    v_task.type := 'escalation';
    v_task.title := left('Failed: ' || v_failed.title, 200);
    v_task.input := jsonb_strip_nulls(jsonb_build_object('task_id', v_failed.task_id,
      'error', left(v_failed.error, 500), 'failed_by', v_failed.agent));
    v_task.terms.assignee := (v_failed.terms).escalate_to;
    v_task.priority := 1;
    v_task.rank := v_task.created_at + interval '1 hour';
    v_task.lane := coord._lane(v_task);
    insert into coord.tasks select v_task.*;
    perform coord._tell_assignee(v_task, 'escalation');
    perform coord._journal(p_project_id, 'sweep', 'task:' || v_task.task_id, 'escalated', v_task.input);
  end loop;
end
$$;

-- work/_fail_attempt.sql
-- complete_work of an attempt that failed: the task rests, is ready again, or has failed for good.
-- Concurrency: the row is locked under the same guard as a success, so of two reports one is accepted; the last attempt
-- with what it takes along.
create function coord._fail_attempt(
  p_call coord._call, p_task_id uuid, p_claim_token bigint, p_result jsonb, p_error text,
  p_next coord._call
) returns jsonb
language plpgsql volatile
as $$
declare
  v_task coord.tasks;
  v_is_last boolean;
begin
  -- Who has not the claim keeps nobody waiting.
  select (t.terms).retry = 'none' or t.attempts >= t.max_attempts into v_is_last
  from coord.tasks t where t.project_id = p_call.project_id and t.task_id = p_task_id
    and t.claim_token = p_claim_token and t.status = 'claimed' and t.claim_session_id = p_call.session_id;
  if not found then return coord._refuse_claim(p_call, p_task_id, p_claim_token); end if;
  if v_is_last then perform coord._lock_before_end(p_call.project_id, array[p_task_id]); end if;
  update coord.tasks t set result = p_result
  where t.project_id = p_call.project_id and t.task_id = p_task_id and t.claim_token = p_claim_token
    and t.status = 'claimed' and t.claim_session_id = p_call.session_id and t.claim_expires_at > clock_timestamp();
  if not found then
    return coord._refuse_claim(p_call, p_task_id, p_claim_token);
  end if;
  perform coord._return_claims(p_call.project_id, array[p_task_id], array[p_claim_token],
    coalesce(p_error, 'failed'), p_count_attempts => true, p_waits => true);
  select t.* into v_task from coord.tasks t where t.project_id = p_call.project_id and t.task_id = p_task_id;
  return coord._leave_and_claim(p_call, jsonb_strip_nulls(jsonb_build_object('status', v_task.status,
      'attempts_left', case when v_task.status = 'failed' then 0
        else v_task.max_attempts - v_task.attempts end, 'unblocked', 0,
      'run_after', case when v_task.status = 'scheduled' then (v_task.terms).run_after end)),
    'task:' || p_task_id, jsonb_build_object('status', v_task.status, 'error', left(v_task.error, 500)),
    p_next, v_task.lease_seconds);
end
$$;

-- work/_find_tasks.sql
-- Up to p_count tasks before p_before that are as asked for, newest first. looked_to: older ones were not looked at.
-- Ready and scheduled ones have their own order, see _find_waiting. No index has the others by status and age: one more
-- would make submitting, claiming and completing 2 % dearer. So those of a status that have a due_at are sorted while
-- they are under 1,000, and the others walked in their index; subtasks are walked in theirs, and else all tasks. A walk
-- ends after 10,000 tasks, whatever it found.
create function coord._find_tasks(
  p_project_id integer, p_status text, p_type text, p_tag text, p_assignee text, p_parent_id uuid, p_before uuid,
  p_count integer, out task_ids uuid[], out looked_to uuid
)
language plpgsql volatile set enable_seqscan = off
as $$
declare
  v_before uuid := coalesce(p_before, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  v_dated uuid[];
  v_look integer := 10000;
begin
  if p_parent_id is null and p_status <> 'done' then
    v_dated := array(select t.task_id from coord.tasks t where t.project_id = p_project_id and t.status = p_status
      and t.status <> 'done' and t.status <> 'ready' and t.due_at is not null order by t.due_at limit 1000);
    if cardinality(v_dated) = 1000 then v_dated := null; end if;
  end if;
  if num_nonnulls(p_type, p_tag, p_assignee) = 0 and (p_status is null or v_dated is not null) then
    v_look := p_count;
  end if;
  with walked as materialized (
    (select t.task_id, t.status, t.type, t.tags, (t.terms).assignee from coord.tasks t
    where p_parent_id is null and v_dated is null and t.project_id = p_project_id and t.task_id < v_before
    order by t.task_id desc limit v_look)
    union all
    (select t.task_id, t.status, t.type, t.tags, (t.terms).assignee from coord.tasks t
    where v_dated is not null and t.project_id = p_project_id and t.status = p_status and t.task_id < v_before
      and t.status <> 'done' and t.status <> 'ready' and t.due_at is null
    order by t.due_at desc, t.task_id desc limit v_look)
    union all
    (select t.task_id, t.status, t.type, t.tags, (t.terms).assignee from coord.subtasks s
    join coord.tasks t on t.project_id = p_project_id and t.task_id = s.task_id
    where s.project_id = p_project_id and s.parent_id = p_parent_id and s.task_id < v_before
    order by s.task_id desc limit v_look)
  ), looked as (
    select w.task_id from walked w order by w.task_id desc offset v_look - 1 limit 1
  )
  select array(
      select c.task_id from (
        select w.* from walked w
        union all
        select t.task_id, t.status, t.type, t.tags, (t.terms).assignee from coord.tasks t
        where t.project_id = p_project_id and t.task_id = any (v_dated) and t.task_id < v_before) c
      where (p_status is null or c.status = p_status) and (p_type is null or c.type = p_type)
        and (p_tag is null or p_tag = any (c.tags)) and (p_assignee is null or c.assignee = p_assignee)
        and c.task_id >= coalesce((select l.task_id from looked l), '00000000-0000-0000-0000-000000000000')
      order by c.task_id desc limit p_count),
    (select l.task_id from looked l) into task_ids, looked_to;
end
$$;

-- work/_find_waiting.sql
-- Up to p_count tasks after p_before that are as asked for: ready ones in the order in which they are handed out, or
-- scheduled ones, the soonest first. looked_to: later ones were not looked at. p_before may have gone on meanwhile: its
-- place is known by what never changes with that.
-- Each lane is walked in its index, and the lanes are merged: 1,000 at most, those of others are not looked at. A walk
-- ends after 10,000 tasks, whatever it found.
create function coord._find_waiting(
  p_project_id integer, p_status text, p_type text, p_tag text, p_assignee text, p_before uuid, p_count integer,
  out task_ids uuid[], out looked_to uuid
)
language plpgsql volatile set enable_seqscan = off
as $$
declare
  v_after timestamptz := coalesce((
    select case when p_status = 'ready' then t.rank else least((t.terms).run_after, (t.terms).deadline) end
    from coord.tasks t where t.project_id = p_project_id and t.task_id = p_before), '-infinity');
  v_after_id uuid := coalesce(p_before, '00000000-0000-0000-0000-000000000000');
  v_look integer := case when p_status = 'ready' and p_tag is null or num_nonnulls(p_type, p_tag, p_assignee) = 0
    then p_count else 10000 end;
begin
  with whose (prefix) as (
    select '' where p_assignee is null
    union all
    select '~' || a.agent || E'\t' from coord.agents a
    where a.project_id = p_project_id and (a.agent = p_assignee or p_assignee is null and p_type is not null)
  ), lanes as materialized (
    select l.lane, l.type, l.assignee from whose w
    cross join lateral coord._distinct_lanes(p_project_id, w.prefix || coalesce(p_type || E'\x1f', ''), case
      when p_type is not null then w.prefix || p_type || '!'
      when p_assignee is not null then '~' || p_assignee || E'\n'
      else chr(1114111) end, 1000) l
    where p_status = 'ready' limit 1000
  ), walked as materialized (
    select w.* from (
      (select t.task_id, t.rank as due, t.type, t.tags, null as assignee from coord.tasks t
      where p_status = 'ready' and coalesce(p_type, 'task') = 'task' and p_assignee is null
        and t.project_id = p_project_id and t.status = 'ready' and t.lane is null
        and (t.rank, t.task_id) > (v_after, v_after_id)
      order by t.lane, t.rank, t.task_id limit v_look)
      union all
      select f.task_id, f.rank, l.type, f.tags, l.assignee from lanes l cross join lateral (
        select t.task_id, t.rank, t.tags from coord.tasks t
        where t.project_id = p_project_id and t.status = 'ready' and t.lane = l.lane
          and (t.rank, t.task_id) > (v_after, v_after_id)
        order by t.rank, t.task_id limit v_look) f
      where (p_type is null or l.type = p_type) and (p_assignee is null or l.assignee = p_assignee)
      union all
      (select t.task_id, t.due_at, t.type, t.tags, (t.terms).assignee from coord.tasks t
      where t.project_id = p_project_id and t.status = 'scheduled' and p_status = 'scheduled'
        and (t.due_at, t.task_id) > (v_after, v_after_id)
      order by t.due_at, t.task_id limit v_look)
    ) w order by w.due, w.task_id limit v_look
  )
  select array(
      select w.task_id from walked w
      where (p_type is null or w.type = p_type) and (p_tag is null or p_tag = any (w.tags))
        and (p_assignee is null or w.assignee = p_assignee)
      order by w.due, w.task_id limit p_count),
    (select w.task_id from walked w order by w.due, w.task_id offset v_look - 1 limit 1) into task_ids, looked_to;
end
$$;

-- work/_follow_completion.sql
-- What follows when the calling session has done a task: parents count it off, dependents go on, the locks on its
-- paths are freed; how many tasks went on. In this order, so that nobody waits for a task while holding rows of locks.
create function coord._follow_completion(p_call coord._call, p_task_id uuid) returns integer
language plpgsql volatile
as $$
declare
  v_task_ids uuid[] := array[p_task_id];
  v_unblocked integer;
begin
  perform coord._lock_followers(p_call.project_id, v_task_ids);
  perform coord._count_off_parents(p_call.project_id, v_task_ids);
  select sum(u.unblocked) into v_unblocked from coord._unblock_dependents(p_call.project_id, v_task_ids) u;
  perform coord._free_task_paths(p_call.project_id, p_call.session_id, p_task_id);
  return coalesce(v_unblocked, 0);
end
$$;

-- work/_follow_failures.sql
-- What follows when tasks have failed or were cancelled: dependents that wish so fail too, parents count them off, and
-- whoever a failure is to be escalated to gets a task. The caller has written the tasks before. p_waits: see
-- _cascade.
create function coord._follow_failures(p_project_id integer, p_task_ids uuid[], p_waits boolean) returns void
language plpgsql volatile
as $$
begin
  perform coord._settle_failures(p_project_id, p_task_ids || coord._cascade(p_project_id, p_task_ids, p_waits));
end
$$;

-- work/_has_vanished.sql
-- Whether no session of an agent has lived in the last 60 s.
create function coord._has_vanished(p_project_id integer, p_agent text) returns boolean
language sql volatile
as $$
  select not exists (
      select from coord.sessions s where s.project_id = p_project_id and s.agent = p_agent and s.ended_at is null
        and s.lease_expires_at > clock_timestamp() - interval '60 seconds')
    and not exists (
      select from coord.sessions s where s.project_id = p_project_id and s.agent = p_agent
        and s.ended_at > clock_timestamp() - interval '60 seconds');
$$;

-- work/_history_entry.sql
-- A journal row as a history shows it.
create function coord._history_entry(p_entry coord.journal) returns jsonb
language sql stable
as $$
  select jsonb_build_object('happened_at', p_entry.at, 'operation', p_entry.operation, 'outcome', p_entry.outcome,
    'resource', p_entry.resource, 'agent', p_entry.agent, 'session_id', p_entry.session_id, 'detail', p_entry.detail);
$$;

-- work/_is_circular.sql
-- Whether some drafts would wait for themselves; null when that takes too long to find out. A task waits for what it
-- depends on, and for its subtasks. What exists already can lead back to a draft only through its parent, so a circle
-- is one within the batch or goes through a parent that somebody waits for. One walk from the drafts of all such
-- parents mostly finds none of them; those that it finds may be of others in the batch, and are looked at one by one,
-- ten at most.
create function coord._is_circular(
  p_project_id integer, p_drafts coord.tasks[], p_edges coord.task_dependencies[]
) returns boolean
language plpgsql volatile
as $$
declare
  v_until timestamptz := clock_timestamp() + interval '300 ms';
  v_parent uuid;
  v_parents uuid[];
  v_met uuid[];
begin
  if coord._is_circular_within(p_drafts, p_edges) then return true; end if;
  v_parents := array(
    select t.task_id
    from (select distinct (d.terms).parent_id from unnest(p_drafts) d) p
    join coord.tasks t on t.project_id = p_project_id and t.task_id = p.parent_id
    where (t.terms).parent_id is not null
      or exists (select from coord.task_dependencies o where o.project_id = p_project_id and o.depends_on = t.task_id)
      or exists (select from unnest(p_edges) e where e.depends_on = t.task_id));
  if v_parents = '{}' then return false; end if;
  v_parents := coord._waits_for_itself(p_project_id, v_parents, p_drafts, p_edges, v_until);
  if v_parents is null or cardinality(v_parents) > 10 then return null; end if;
  foreach v_parent in array v_parents loop
    v_met := coord._waits_for_itself(p_project_id, array[v_parent], p_drafts, p_edges, v_until);
    if v_met is null then return null; end if;
    if v_met <> '{}' then return true; end if;
  end loop;
  return false;
end
$$;

-- work/_is_circular_within.sql
-- Whether drafts wait for each other in a circle, parents left aside. Those that wait for no other draft are taken
-- away, round after round; what stays goes round.
create function coord._is_circular_within(p_drafts coord.tasks[], p_edges coord.task_dependencies[]) returns boolean
language plpgsql immutable
as $$
declare
  v_from uuid[];
  v_to uuid[];
  v_left integer;
begin
  select array_agg(e.task_id), array_agg(e.depends_on) into v_from, v_to
  from unnest(p_edges) e where e.depends_on in (select d.task_id from unnest(p_drafts) d);
  while v_from is not null loop
    v_left := cardinality(v_from);
    select array_agg(e.task_id), array_agg(e.depends_on) into v_from, v_to
    from unnest(v_from, v_to) e(task_id, depends_on)
    where e.depends_on in (select w.task_id from unnest(v_from) w(task_id));
    if cardinality(v_from) = v_left then return true; end if;
  end loop;
  return false;
end
$$;

-- work/_lane.sql
-- The lane of a task: null for a plain one, else who may take it: "~<assignee>", or "?" when it waits for an agent to
-- be assigned to, then type and capabilities, and "/" at the end when it has paths. Types and capabilities begin with a
-- letter or digit, so the kinds stand apart.
create function coord._lane(p_task coord.tasks) returns text
language sql immutable parallel safe
as $$
  select case
    when p_task.type = 'task' and coalesce((p_task.terms).capabilities, '{}') = '{}'
      and (p_task.terms).assignee is null and (p_task.terms).auto_assign is not true
      and (p_task.terms).paths is null and (p_task.terms).deadline is null and (p_task.terms).parent_id is null then null
    else case when (p_task.terms).assignee is not null then '~' || (p_task.terms).assignee || E'\t'
      when (p_task.terms).auto_assign then '?' else '' end
      || p_task.type || ' ' || coalesce(array_to_string((p_task.terms).capabilities, ' '), '')
      || case when (p_task.terms).paths is not null then ' /' else '' end
  end;
$$;

-- work/_leave_and_claim.sql
-- _leave for a report of a claim, with the claim of the next task in its answer when p_next asks for one: a call of
-- get_work that has entered the frame, so that profiles, limits and journal see it as one. It is claimed for as long as
-- the last one. What becomes of it, a refusal, a failure, a statement that takes too long, takes nothing back: what was
-- done is done, and stands in the journal first. To be called with enable_seqscan = off; see _claim.
-- Concurrency: whoever calls may have the advisory lock of the project's locks, since it has freed paths, and so must
-- not wait for a task any more. Hence nothing is settled: what is due or was left by the dead is claimed by get_work.
create function coord._leave_and_claim(
  p_call coord._call, p_answer jsonb, p_resource text, p_detail jsonb, p_next coord._call, p_lease_seconds integer
) returns jsonb
language plpgsql volatile
as $$
declare
  v_claim jsonb;
begin
  if p_next.operation is null then return coord._leave(p_call, p_answer, p_resource, p_detail); end if;
  perform coord._journal(p_call.project_id, p_call.operation, p_resource, 'ok', p_detail, p_call.session_id, p_call.agent);
  begin
    if p_next.answer is null then
      v_claim := coord._claim(p_next, null, p_lease_seconds, false);
      v_claim := coord._leave(p_next,
        coalesce(v_claim, '{"claimed": false, "hint": "Nothing to claim at once. get_work looks closer, and can wait."}'),
        'task:' || (v_claim #>> '{task,task_id}'));
    else
      v_claim := jsonb_build_object('claimed', false,
        'hint', concat_ws(' ', p_next.answer #>> '{error,message}', p_next.answer #>> '{error,hint}'));
    end if;
  exception when others or query_canceled then
    v_claim := '{"claimed": false, "hint": "The claim of the next task has failed. Call get_work for it."}';
  end;
  -- Notices come with the answer itself.
  return coord._leave(p_call, p_answer || jsonb_build_object('next', v_claim - 'notices'));
end
$$;

-- work/_list_tasks.sql
-- A page of tasks of a project in the form of list_tasks, which says in which order.
create function coord._list_tasks(
  p_project_id integer, p_status text, p_type text, p_tag text, p_assignee text, p_parent_id uuid, p_limit integer,
  p_before uuid
) returns jsonb
language plpgsql volatile
as $$
declare
  v_found record;
begin
  if p_status in ('ready', 'scheduled') and p_parent_id is null then
    v_found := coord._find_waiting(p_project_id, p_status, p_type, p_tag, p_assignee, p_before, p_limit + 1);
  else
    v_found := coord._find_tasks(p_project_id, p_status, p_type, p_tag, p_assignee, p_parent_id, p_before,
      p_limit + 1);
  end if;
  return jsonb_build_object(
    'tasks', coalesce((
      select jsonb_agg(coord._task_summary(t) order by f.place)
      from unnest(v_found.task_ids[:p_limit]) with ordinality f(task_id, place)
      join coord.tasks t on t.project_id = p_project_id and t.task_id = f.task_id), '[]'),
    'next_before', case when cardinality(v_found.task_ids) > p_limit then v_found.task_ids[p_limit]
      else v_found.looked_to end);
end
$$;

-- work/_lock_before_end.sql
-- Locks tasks that are about to fail, or to be cancelled, with those that fail with them and the parents of all. See
-- _lock_tasks.
create function coord._lock_before_end(p_project_id integer, p_task_ids uuid[]) returns void
language plpgsql volatile
as $$
declare
  v_ending constant uuid[] := p_task_ids || coord._doomed(p_project_id, p_task_ids);
begin
  perform coord._lock_tasks(p_project_id, v_ending || array(
    select (t.terms).parent_id from coord.tasks t
    where t.project_id = p_project_id and t.task_id = any (v_ending) and (t.terms).parent_id is not null));
end
$$;

-- work/_lock_followers.sql
-- Locks tasks that are done, or are about to be, with their parents and their dependents, which all have to be told. See
-- _lock_tasks.
create function coord._lock_followers(p_project_id integer, p_task_ids uuid[]) returns void
language plpgsql volatile
as $$
begin
  perform coord._lock_tasks(p_project_id, array(
    select u.task_id from unnest(p_task_ids) u(task_id)
    union
    select (t.terms).parent_id from coord.tasks t
    where t.project_id = p_project_id and t.task_id = any (p_task_ids) and (t.terms).parent_id is not null
    union
    select d.task_id from coord.task_dependencies d
    where d.project_id = p_project_id and d.depends_on = any (p_task_ids)));
end
$$;

-- work/_lock_tasks.sql
-- Locks tasks in the order of table.sql, which is that of their ids, in one statement.
-- Joined with the list and not compared with it: when a row was changed meanwhile, Postgres looks at its condition
-- again, and would go through a long list for each row.
create function coord._lock_tasks(p_project_id integer, p_task_ids uuid[]) returns void
language plpgsql volatile
as $$
begin
  perform from unnest(p_task_ids) u(task_id) join coord.tasks t on t.project_id = p_project_id and t.task_id = u.task_id
  order by t.task_id for update of t;
end
$$;

-- work/_open_tasks.sql
-- How many tasks each of these agents has on its hands: assigned to it, or claimed by it. Counted up to p_most; of the
-- project's blocked, scheduled and claimed tasks 1,000 each are looked at, once for all agents.
create function coord._open_tasks(p_project_id integer, p_agents text[], p_most integer default 1000)
returns table (agent text, tasks integer)
language sql volatile
as $$
  with waiting as (
    select l.assignee as agent, count(*) as tasks
    from unnest(array['blocked', 'scheduled']) s(status) cross join lateral (
      select coord._assignee_of(t.lane) as assignee from coord.tasks t
      where t.project_id = p_project_id and t.status = s.status and t.status in ('blocked', 'scheduled')
      order by t.due_at limit 1000) l
    group by l.assignee
  ), claimed as (
    select l.agent, count(*) as tasks
    from (
      select t.agent from coord.tasks t
      where t.project_id = p_project_id and t.status = 'claimed' and t.claim_expires_at > clock_timestamp()
      order by t.due_at limit 1000) l
    group by l.agent
  )
  select a.agent, least(p_most, coalesce(w.tasks, 0) + coalesce(c.tasks, 0) + (
    select count(*) from (
      select from coord.tasks t
      where t.project_id = p_project_id and t.status = 'ready'
        and t.lane > '~' || a.agent || E'\t' and t.lane < '~' || a.agent || E'\n' limit p_most) r))::integer
  from unnest(p_agents) a(agent)
  left join waiting w on w.agent = a.agent
  left join claimed c on c.agent = a.agent;
$$;

-- work/_own_task_paths.sql
-- Paths of the tasks that the calling session works on: it may hold their locks, and still must not get a second task
-- on the same files.
create function coord._own_task_paths(p_call coord._call) returns text[]
language sql volatile
as $$
  select coalesce(array_agg(p.path), '{}')
  from coord.tasks t cross join unnest((t.terms).paths) p(path)
  where t.project_id = (p_call).project_id and t.status = 'claimed' and t.claim_session_id = (p_call).session_id;
$$;

-- work/_pick_tasks.sql
-- Locks the tasks that come next for the calling session, with the paths they declare, and returns their ids. Pages
-- through what it may take in order of rank, and locks row by row: what another caller has locked, or whose paths are
-- not free, is skipped, so nobody waits here and a clash never holds up those behind it. Paths known to be busy are not
-- tried again, and after 200 refusals only the lanes of tasks without paths are looked at; after a quarter of a second
-- after 20 already, after half a second at once, because others wait for the advisory lock of the project's locks, and
-- globs take long to compare. So only a few busy paths are remembered, too. The paths of a task are taken all or none,
-- and given back if this transaction fails.
-- One plan for all calls, and a probe for each candidate: to plan anew what looks for candidates took most of the time.
create function coord._pick_tasks(p_call coord._call, p_types text[], p_lease_seconds integer, p_count integer)
returns uuid[]
language plpgsql volatile set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
declare
  v_lanes text[] := coord._eligible_lanes(p_call, p_types);
  v_plain boolean := p_types is null or 'task' = any (p_types);
  v_page integer := greatest(16, p_count);
  v_ids uuid[];
  v_ranks timestamptz[];
  v_rank timestamptz := '-infinity';
  v_id uuid := '00000000-0000-0000-0000-000000000000';
  v_busy text[];
  v_refused integer := 0;
  v_until timestamptz := clock_timestamp() + interval '250 ms';
  v_pathless boolean := false;
  v_is_taken boolean;
  v_candidate uuid;
  v_task record;
  v_picked uuid[] := '{}';
  v_bytes integer := 0;
  v_is_full boolean := false;
begin
  loop
    select array_agg(c.task_id order by c.rank, c.task_id), array_agg(c.rank order by c.rank, c.task_id)
      into v_ids, v_ranks
    from (
      (select n.task_id, n.rank from coord.tasks n
      where v_plain and n.project_id = p_call.project_id and n.status = 'ready' and n.lane is null
        and (n.rank, n.task_id) > (v_rank, v_id)
      order by n.lane, n.rank, n.task_id limit v_page)
      union all
      select f.task_id, f.rank from unnest(v_lanes) l(lane) cross join lateral (
        select n.task_id, n.rank from coord.tasks n
        where n.project_id = p_call.project_id and n.status = 'ready' and n.lane = l.lane
          and not (v_pathless and l.lane like '%/')
          and (n.rank, n.task_id) > (v_rank, v_id)
          and (n.due_at is null or n.due_at > clock_timestamp())
          and (clock_timestamp() > v_until or not coord._clash((n.terms).paths, v_busy))
        order by n.rank, n.task_id limit v_page) f
      order by 2, 1 limit v_page
    ) c;
    exit when v_ids is null;
    foreach v_candidate in array v_ids loop
      select t.task_id, t.title, (t.terms).paths,
        case when p_count > 1 then coord._claim_bytes(t) else 0 end as bytes into v_task
      from coord.tasks t
      where t.project_id = p_call.project_id and t.task_id = v_candidate and t.status = 'ready' for update skip locked;
      continue when not found;
      v_bytes := v_bytes + v_task.bytes;
      v_is_full := v_picked <> '{}' and v_bytes > coord._page_bytes();
      exit when v_is_full;
      if v_task.paths is not null then
        v_pathless := v_pathless or clock_timestamp() > v_until + interval '250 ms';
        continue when v_pathless;
        v_busy := coalesce(v_busy, coord._own_task_paths(p_call));
        v_is_taken := false;
        if coord._clash(v_task.paths, v_busy) or coord._are_too_broad(p_call, v_task.paths) then
          v_refused := v_refused + (clock_timestamp() > v_until)::integer;
        elsif coord._take_paths(p_call, v_task.paths, left('task ' || v_task.title, 200),
          p_lease_seconds, v_task.task_id)
        then
          v_is_taken := true;
          v_busy := v_busy || v_task.paths;
        else
          v_refused := v_refused + 1;
          if cardinality(v_busy) < 50 then v_busy := v_busy || coord._busy_paths(p_call, v_task.paths); end if;
        end if;
        v_pathless := v_refused >= case when clock_timestamp() > v_until then 20 else 200 end;
        continue when not v_is_taken;
      end if;
      v_picked := v_picked || v_task.task_id;
      exit when cardinality(v_picked) = p_count;
    end loop;
    exit when v_is_full or cardinality(v_picked) = p_count or cardinality(v_ids) < v_page;
    v_rank := v_ranks[v_page];
    v_id := v_ids[v_page];
    v_page := least(v_page * 4, 1000);
  end loop;
  return v_picked;
end
$$;

-- work/_process_due.sql
-- Lets happen what is due to tasks of a project: scheduled ones become ready, those past their deadline fail, and those
-- that failed with more dependents than could fail then (see _cascade) have more of them fail. How many there were, at
-- most p_limit of each status: the half of them that waited longest, and the half that did shortest, so that whoever has
-- very many due does not keep others waiting for all of them.
-- Concurrency: it waits for nobody, because the caller may hold what others wait for. Rows that somebody has locked are
-- left for the next time, and so are those whose parents somebody has, which may have to be told; the status is looked
-- at under the lock and again in the UPDATE, so of two callers one does it. A parent is looked up by its id, whatever the
-- planner expects; a task without one stands for it itself.
create function coord._process_due(p_project_id integer, p_limit integer) returns integer
language plpgsql volatile
as $$
declare
  -- So that it is looked up in the index, which what changes from row to row cannot be.
  v_now constant timestamptz := clock_timestamp();
  v_statuses constant text[] := array['scheduled', 'ready', 'blocked', 'failed', 'cancelled'];
  v_due uuid[];
  v_dead uuid[];
  v_late uuid[];
  v_count integer;
begin
  select array_agg(d.task_id) filter (where d.status in ('failed', 'cancelled')),
    array_agg(d.task_id) filter (where d.status not in ('failed', 'cancelled') and d.deadline <= v_now),
    array_agg(d.task_id) filter (where d.status = 'scheduled' and coalesce(d.deadline, 'infinity') > v_now)
    into v_dead, v_late, v_due
  from (
    select d.* from unnest(v_statuses) s(status)
    cross join lateral (
      select t.task_id, t.status, (t.terms).deadline from coord.tasks t
      cross join lateral (
        select p.task_id from coord.tasks p
        where p.project_id = p_project_id and p.task_id = coalesce((t.terms).parent_id, t.task_id)
        limit 1 for update skip locked) p
      where t.project_id = p_project_id and t.status = s.status and t.due_at <= v_now and t.status <> 'done'
      order by t.due_at, t.task_id limit p_limit / 2 for update of t skip locked) d
    union
    select d.* from unnest(v_statuses) s(status)
    cross join lateral (
      select t.task_id, t.status, (t.terms).deadline from coord.tasks t
      cross join lateral (
        select p.task_id from coord.tasks p
        where p.project_id = p_project_id and p.task_id = coalesce((t.terms).parent_id, t.task_id)
        limit 1 for update skip locked) p
      where t.project_id = p_project_id and t.status = s.status and t.due_at <= v_now and t.status <> 'done'
      order by t.due_at desc, t.task_id desc limit p_limit / 2 for update of t skip locked) d
  ) d;
  if v_due is null and v_late is null and v_dead is null then return 0; end if;
  v_count := coalesce(cardinality(v_due), 0) + coalesce(cardinality(v_late), 0) + coalesce(cardinality(v_dead), 0);
  with due as (
    update coord.tasks t set status = 'ready', trail = t.trail || pg_current_xact_id(), due_at = (t.terms).deadline
    where t.project_id = p_project_id and t.task_id = any (v_due) and t.status = 'scheduled'
      and t.due_at <= v_now
    returning t.task_id
  )
  insert into coord.journal (project_id, operation, resource, outcome)
  select p_project_id, 'sweep', 'task:' || d.task_id, 'due' from due d;
  if v_late is not null then
    with failed as (
      update coord.tasks t set status = 'failed', due_at = null, finished_at = clock_timestamp(),
        error = 'The deadline passed.', trail = t.trail || pg_current_xact_id()
      where t.project_id = p_project_id and t.task_id = any (v_late) and t.status in ('scheduled', 'ready', 'blocked')
        and (t.terms).deadline <= v_now
      returning t.task_id
    )
    select coalesce(array_agg(f.task_id), '{}') into v_late from failed f;
    insert into coord.journal (project_id, operation, resource, outcome)
    select p_project_id, 'sweep', 'task:' || f.task_id, 'deadline_passed' from unnest(v_late) f(task_id);
    perform coord._follow_failures(p_project_id, v_late, p_waits => false);
  end if;
  if v_dead is not null then
    update coord.tasks t set due_at = null where t.project_id = p_project_id and t.task_id = any (v_dead);
    perform coord._settle_failures(p_project_id, coord._cascade(p_project_id, v_dead, p_waits => false));
  end if;
  return v_count;
end
$$;

-- work/_refuse_cancel.sql
-- Why the caller may not cancel a task, as a refusal; null when he may.
create function coord._refuse_cancel(p_call coord._call, p_task_id uuid) returns jsonb
language plpgsql volatile
as $$
declare
  v_task coord.tasks;
begin
  select t.* into v_task from coord.tasks t where t.project_id = p_call.project_id and t.task_id = p_task_id;
  if not found then
    return coord._refuse_unknown_task(p_call);
  elsif v_task.submitted_by <> p_call.agent and coord._trust(p_call) < 3 then
    return coord._refuse(p_call, 'forbidden',
      format('The task was submitted by %s; to cancel it needs trust 3.', v_task.submitted_by),
      'Ask the submitter, or an administrator.', '{"reason": "insufficient_trust_level"}', 'task:' || p_task_id);
  elsif v_task.status in ('done', 'failed', 'cancelled') then
    return coord._refuse(p_call, 'conflict', format('The task is %s already.', v_task.status),
      'Nothing is left to cancel.',
      '{"reason": "finished"}', 'task:' || p_task_id);
  end if;
  return null;
end
$$;

-- work/_refuse_circles.sql
-- Why drafts would wait for each other in a circle, or may do so, as a refusal; null when they do not.
create function coord._refuse_circles(p_call coord._call, p_drafts coord.tasks[], p_edges coord.task_dependencies[])
returns jsonb
language plpgsql volatile
as $$
declare
  v_is_circular boolean := coord._is_circular(p_call.project_id, p_drafts, p_edges);
begin
  if v_is_circular is null then
    return coord._refuse(p_call, 'limit_exceeded', 'parent_id: too many tasks would have to be looked at for circles',
      'Submit the task without a parent, or with less to wait for.', '{"reason": "too_many_dependents"}');
  elsif v_is_circular then
    return coord._refuse(p_call, 'conflict', 'depends_on: the tasks would wait for each other in a circle',
      'Leave out one of the dependencies. A parent waits for its subtasks, too.', '{"reason": "circular"}');
  end if;
  return null;
end
$$;

-- work/_refuse_claim.sql
-- Says why a write that names a claim was not accepted. Changes nothing but the journal.
create function coord._refuse_claim(p_call coord._call, p_task_id uuid, p_claim_token bigint) returns jsonb
language plpgsql volatile
as $$
declare
  v_task coord.tasks;
  v_reason text;
begin
  select t.* into v_task from coord.tasks t where t.project_id = p_call.project_id and t.task_id = p_task_id;
  if not found then
    return coord._refuse(p_call, 'not_found', 'There is no such task.', 'Use the task_id that get_work answered.');
  end if;
  v_reason := case
    when v_task.status in ('done', 'failed', 'cancelled') then 'finished'
    when v_task.status <> 'claimed' then 'not_claimed'
    when v_task.claim_token <> p_claim_token then 'stale_token'
    when v_task.claim_session_id <> p_call.session_id then 'claimed_by_other'
    -- There is no other reason left. They may have ended since the call looked.
    when v_task.claim_expires_at > clock_timestamp() then 'open_subtasks'
    else 'lapsed'
  end;
  return coord._refuse(p_call, 'conflict',
    case v_reason
      when 'finished' then format('The task is %s already.', v_task.status)
      when 'not_claimed' then format('Nobody has claimed the task; it is %s.', v_task.status)
      when 'lapsed' then 'Your claim has lapsed.'
      when 'stale_token' then case when p_claim_token > v_task.claim_token
        then 'This token was never given for the task.' else 'The claim has passed on: this token is not the current one.' end
      when 'open_subtasks' then case when (v_task.terms).open_subtasks > 0
        then format('%s subtasks have not ended.', (v_task.terms).open_subtasks) else 'The last subtask ended just now.' end
      else format('%s has claimed the task, and this is another session.', v_task.agent)
    end,
    case when v_reason = 'claimed_by_other' then
        'Call from the session that claimed it (on the command line: --agent); if that is not yours, stop working on it.'
      when v_reason = 'stale_token' and p_claim_token > v_task.claim_token
        then 'Use the claim_token that get_work answered with this task.'
      when v_reason = 'open_subtasks' then 'See list_tasks with parent_id; finish or cancel them, then report again.'
      else 'Stop working on it and call get_work for the next task.' end,
    jsonb_build_object('reason', v_reason), 'task:' || p_task_id);
end
$$;

-- work/_refuse_drafts.sql
-- Why drafts may not be written, as a refusal that names the field; null when they may. Changes nothing but the journal.
create function coord._refuse_drafts(
  p_call coord._call, p_tasks jsonb, p_drafts coord.tasks[], p_edges coord.task_dependencies[]
) returns jsonb
language plpgsql volatile
as $$
declare
  v_wrong text;
  v_most integer;
  v_us text[] := array[p_call.agent, coord._account(p_call)];
  v_answer jsonb;
begin
  select i.task ->> 'key' into v_wrong from jsonb_array_elements(p_tasks) i(task)
  where i.task ? 'key' group by 1 having count(*) > 1 limit 1;
  if found then
    return coord._refuse(p_call, 'invalid_input', format('key: %s is used twice', v_wrong),
      'Give each task of a batch a key of its own.');
  end if;
  v_wrong := coord._unknown_dependency(p_call.project_id, p_tasks, p_drafts);
  if v_wrong is not null then
    return coord._refuse(p_call, 'not_found', format('depends_on: there is no task %s', v_wrong),
      'Submit the tasks that come first before this one, and use the task_id that submit_work answered.');
  end if;
  -- They are all locked by the report of what they depend on, which must not take long. Half of them is kept for
  -- whoever submitted that.
  select n.depends_on, n.most into v_wrong, v_most
  from (
    select e.depends_on, count(*) as edges, case when exists (select from coord.tasks t
        where t.project_id = p_call.project_id and t.task_id = e.depends_on
          and t.submitted_by = any (v_us))
      then 1000 else 500 end as most
    from unnest(p_edges) e group by 1) n
  where n.edges + (select count(*) from (
    select from coord.task_dependencies d where d.project_id = p_call.project_id and d.depends_on = n.depends_on
    order by d.depends_on, d.task_id limit 1000) k) > n.most limit 1;
  if found then
    return coord._refuse(p_call, 'limit_exceeded', format('depends_on: %s tasks depend on %s already, the most%s',
        v_most, v_wrong, case when v_most < 1000 then ' for a task that somebody else submitted' else '' end),
      'Put a task in between that depends on it, and let the others depend on that one.',
      '{"reason": "too_many_dependents"}');
  end if;
  v_answer := coord._refuse_parents(p_call, p_drafts);
  if v_answer is not null then return v_answer; end if;
  select n.agent into v_wrong
  from unnest(p_drafts) d
  cross join lateral (values (case when not (d.terms).auto_assign then (d.terms).assignee end), ((d.terms).escalate_to)) n(agent)
  where n.agent is not null and not exists (
    select from coord.agents a where a.project_id = p_call.project_id and a.agent = n.agent) limit 1;
  if found then
    return coord._refuse(p_call, 'not_found', format('assignee or escalate_to: there is no agent %s', v_wrong),
      'See discover_agents for the agents of this project, or leave it out: whoever asks for work gets the task.');
  end if;
  if exists (select from unnest(p_drafts) d
    where (d.terms).paths is not null and coord._are_many_scopes((d.terms).paths))
  then
    return coord._refuse(p_call, 'limit_exceeded', 'paths: a task has 50 trees at most, 10 of them globs, as an agent may lock',
      'Name one tree instead of several in it, or split the task.', '{"reason": "too_many_scopes"}');
  end if;
  return coalesce(coord._refuse_times(p_call, p_drafts), coord._refuse_broad(p_call, array(
    select p.path from unnest(p_drafts) d cross join unnest((d.terms).paths) p(path))));
end
$$;

-- work/_refuse_more_claims.sql
-- What an agent is told that has claimed as many tasks as it may.
create function coord._refuse_more_claims(p_call coord._call) returns jsonb
language sql volatile
as $$
  select coord._refuse(p_call, 'limit_exceeded', 'This agent has claimed 2,000 tasks.',
    'Complete or release some of them before you claim more.', '{"reason": "too_many_claims"}');
$$;

-- work/_refuse_new_circles.sql
-- _refuse_circles once more, when the drafts are the last that may become part of the graph: one call of a project at a
-- time. Two at once could each add a half of a circle, none of which is one, with no task in common to wait for.
-- Only drafts below a parent that depend on what exists can close a circle: what waits for nothing that exists leads
-- nowhere, and what has no parent nobody waits for yet.
create function coord._refuse_new_circles(p_call coord._call, p_drafts coord.tasks[], p_edges coord.task_dependencies[])
returns jsonb
language plpgsql volatile
as $$
begin
  if p_edges = '{}' or not exists (select from unnest(p_drafts) d where (d.terms).parent_id is not null) then
    return null;
  end if;
  perform pg_advisory_xact_lock(hashtext('coord.circles'), p_call.project_id);
  return coord._refuse_circles(p_call, p_drafts, p_edges);
end
$$;

-- work/_refuse_parents.sql
-- Why drafts may not become parts of the parents that they name, as a refusal; null when they may. A task is not done
-- before its subtasks have ended, so they are added only by who answers for it: its submitter, its claimer, a subagent
-- of either, or somebody with trust 3, who might as well cancel it. The parents are locked by _submit_tasks, so the
-- claimer stays.
create function coord._refuse_parents(p_call coord._call, p_drafts coord.tasks[]) returns jsonb
language plpgsql volatile
as $$
declare
  v_wrong text;
  v_us text[];
begin
  if not exists (select from unnest(p_drafts) d where (d.terms).parent_id is not null) then return null; end if;
  select (d.terms).parent_id::text into v_wrong from unnest(p_drafts) d
  where (d.terms).parent_id is not null and not exists (
    select from coord.tasks t where t.project_id = p_call.project_id and t.task_id = (d.terms).parent_id) limit 1;
  if found then
    return coord._refuse(p_call, 'not_found', format('parent_id: there is no task %s', v_wrong),
      'See list_tasks for the tasks of this project.');
  end if;
  select (d.terms).parent_id::text into v_wrong from unnest(p_drafts) d
  join coord.tasks t on t.project_id = p_call.project_id and t.task_id = (d.terms).parent_id
  where t.status in ('done', 'failed', 'cancelled') limit 1;
  if found then
    return coord._refuse(p_call, 'conflict', format('parent_id: the task %s has ended', v_wrong),
      'Submit the task without a parent.', '{"reason": "finished"}');
  end if;
  if coord._trust(p_call) >= 3 then return null; end if;
  v_us := array[p_call.agent, coord._account(p_call)];
  select (d.terms).parent_id::text into v_wrong from unnest(p_drafts) d
  join coord.tasks t on t.project_id = p_call.project_id and t.task_id = (d.terms).parent_id
  where t.submitted_by <> all (v_us) and not (t.status = 'claimed' and t.agent = any (v_us)) limit 1;
  if found then
    return coord._refuse(p_call, 'forbidden',
      format('parent_id: the task %s is neither yours nor claimed by you; to add to it needs trust 3.', v_wrong),
      'Submit the task without a parent, or ask who submitted or claimed the parent.',
      '{"reason": "insufficient_trust_level"}', 'task:' || v_wrong);
  end if;
  return null;
end
$$;

-- work/_refuse_retry.sql
-- Why the caller may not bring a task back, as a refusal; null when he may. See retry_task.
create function coord._refuse_retry(p_call coord._call, p_task_id uuid) returns jsonb
language plpgsql volatile
as $$
declare
  v_task coord.tasks;
  v_canceller text;
  v_parent text;
begin
  select t.* into v_task from coord.tasks t where t.project_id = p_call.project_id and t.task_id = p_task_id;
  if not found then
    return coord._refuse_unknown_task(p_call);
  end if;
  v_parent := (select p.status from coord.tasks p
    where p.project_id = p_call.project_id and p.task_id = (v_task.terms).parent_id);
  if v_task.status = 'cancelled' then
    select j.agent into v_canceller from coord.journal j
    where j.project_id = p_call.project_id and j.xact_id = v_task.trail[cardinality(v_task.trail)]
      and j.operation = 'cancel_task' and j.resource = 'task:' || p_task_id;
    v_canceller := coalesce(v_canceller, 'somebody');
  end if;
  if v_task.submitted_by <> p_call.agent and coord._trust(p_call) < 3
    and (v_task.status = 'cancelled' or (v_task.terms).parent_id is not null)
  then
    return coord._refuse(p_call, 'forbidden',
      format('The task was submitted by %s; to bring it back needs trust 3.', v_task.submitted_by),
      'Ask the submitter, or an administrator.', '{"reason": "insufficient_trust_level"}', 'task:' || p_task_id);
  elsif v_canceller <> p_call.agent and coord._trust(p_call) < 3 then
    return coord._refuse(p_call, 'forbidden',
      format('The task was cancelled by %s; to bring it back needs trust 3.', v_canceller),
      'Ask an administrator, or submit it anew.', '{"reason": "insufficient_trust_level"}', 'task:' || p_task_id);
  elsif v_task.status not in ('failed', 'cancelled') then
    return coord._refuse(p_call, 'conflict', format('The task is %s: only failed and cancelled ones are retried.',
      v_task.status),
      'Look at it with get_task.', '{"reason": "not_failed"}', 'task:' || p_task_id);
  elsif v_parent = 'done' then
    return coord._refuse(p_call, 'conflict', 'Its parent is done, and waited for it no longer.',
      'Submit it anew, without a parent.', '{"reason": "finished"}', 'task:' || p_task_id);
  elsif (v_task.terms).deadline <= clock_timestamp() then
    return coord._refuse(p_call, 'conflict', 'The deadline of the task has passed.', 'Submit it anew.',
      '{"reason": "deadline_passed"}', 'task:' || p_task_id);
  end if;
  return null;
end
$$;

-- work/_refuse_telling.sql
-- Counts drafts that are assigned to others, or escalate to them, as messages, because each tells them; a refusal when
-- the agent has written too many, else null. p_counts: see _silent_until.
create function coord._refuse_telling(p_call coord._call, p_drafts coord.tasks[], p_counts boolean) returns jsonb
language plpgsql volatile
as $$
declare
  v_told integer;
  v_until timestamptz;
begin
  select count(*) into v_told from unnest(p_drafts) d
  cross join lateral (values ((d.terms).assignee), ((d.terms).escalate_to)) o(other) where o.other <> p_call.agent;
  if v_told > 0 then v_until := coord._silent_until(p_call, v_told, p_counts); end if;
  return case when v_until is not null then coord._refuse_silent(p_call, v_until) end;
end
$$;

-- work/_refuse_times.sql
-- Why the times of drafts make no sense, as a refusal; null when they do.
create function coord._refuse_times(p_call coord._call, p_drafts coord.tasks[]) returns jsonb
language plpgsql volatile
as $$
declare
  v_problem text;
begin
  select case
      when (d.terms).deadline <= clock_timestamp() then 'deadline: has passed'
      when (d.terms).run_after >= (d.terms).deadline then 'run_after: must be earlier than deadline'
      when (d.terms).run_after > clock_timestamp() + interval '1 year' then 'run_after: is more than a year away'
      when (d.terms).deadline > clock_timestamp() + interval '10 years' then 'deadline: is more than ten years away'
    end as problem into v_problem
  from unnest(p_drafts) d order by 1 limit 1;
  if v_problem is null then return null; end if;
  return coord._refuse(p_call, 'invalid_input', v_problem,
    'Give it as an instant with offset, such as 2030-01-31T12:00:00Z.');
end
$$;

-- work/_refuse_unknown_task.sql
-- What is said of a task that is not there, or is another project's.
create function coord._refuse_unknown_task(p_call coord._call) returns jsonb
language sql volatile
as $$
  select coord._refuse(p_call, 'not_found', 'There is no such task.', 'See list_tasks for the tasks of this project.');
$$;

-- work/_renew_claims.sql
-- Extends the claims of a session that are not lapsed, each for as long as it was asked for, and the locks on their
-- paths. One renewed less than p_rest_seconds (or a third of its lease) ago is left as it is. At most 1,000 at once,
-- those first that lapse first.
-- With p_plain those with paths are left out; true when there are such.
-- Concurrency: tasks that somebody is just changing are skipped: they are being reported, or returned, or somebody
-- makes others depend on them. With p_waits, for a heartbeat, which holds nothing but its session, those with less than
-- half of their lease left are waited for, and so are the locks of the project when they have paths: else a claim could
-- lapse because others are busy with its task, or with locks, all the time. All other claims with paths are renewed
-- only if the locks of the project can be serialised without waiting, else with the next call; and when a call is about
-- to end, because nothing may wait for a task after that.
create function coord._renew_claims(
  p_project_id integer, p_session_id uuid, p_rest_seconds integer default 5, p_plain boolean default false,
  p_waits boolean default false
) returns boolean
language plpgsql volatile
as $$
declare
  v_skip_paths boolean := false;
  v_late uuid;
  v_is_late boolean := false;
  v_timeout constant text := current_setting('lock_timeout');
  v_enough timestamptz := clock_timestamp() + interval '1 second';
  v_paths text[];
  v_until timestamptz[];
begin
  if p_waits then
    perform set_config('lock_timeout', '1500ms', true);
    for v_late in
      select n.task_id from coord.tasks n
      where n.project_id = p_project_id and n.status = 'claimed' and n.claim_session_id = p_session_id
        and n.claim_expires_at > clock_timestamp()
        and n.claim_expires_at < clock_timestamp() + make_interval(secs => n.lease_seconds / 2.0)
      order by n.task_id limit 1000
    loop
      v_is_late := true;
      -- Once more after a deadlock of others, of which the one who waits with them may be ended.
      for v_try in 1 .. 2 loop
        begin
          perform from coord.tasks t where t.project_id = p_project_id and t.task_id = v_late for update;
          exit;
        exception
          when lock_not_available then exit;
          when deadlock_detected then null;
        end;
      end loop;
      exit when clock_timestamp() > v_enough;
    end loop;
    perform set_config('lock_timeout', v_timeout, true);
  end if;
  perform from coord.tasks t
  where t.project_id = p_project_id and t.status = 'claimed' and t.claim_session_id = p_session_id
    and (t.terms).paths is not null;
  if found and v_is_late then
    perform set_config('lock_timeout', '1500ms', true);
    begin
      perform pg_advisory_xact_lock(hashtext('coord.locks'), p_project_id);
    exception when lock_not_available or deadlock_detected then v_skip_paths := true;
    end;
    perform set_config('lock_timeout', v_timeout, true);
  elsif found then
    v_skip_paths := p_plain or not pg_try_advisory_xact_lock(hashtext('coord.locks'), p_project_id);
  end if;
  with renewed as (
    update coord.tasks t set claim_expires_at = clock_timestamp() + make_interval(secs => t.lease_seconds)
    where t.project_id = p_project_id and t.task_id = any (array(
      select n.task_id from coord.tasks n
      where n.project_id = p_project_id and n.status = 'claimed' and n.claim_session_id = p_session_id
        and n.claim_expires_at > clock_timestamp() and not (v_skip_paths and (n.terms).paths is not null)
        and n.claim_expires_at < clock_timestamp() + make_interval(
          secs => n.lease_seconds - least(p_rest_seconds, n.lease_seconds / 3.0))
      order by n.claim_expires_at limit 1000 for update skip locked))
    returning (t.terms).paths, t.claim_expires_at
  )
  select array_agg(p.path order by p.path collate "C"), array_agg(r.claim_expires_at order by p.path collate "C")
    into v_paths, v_until
  from renewed r cross join unnest(r.paths) p(path);
  if v_paths is null then return v_skip_paths and p_plain; end if;
  -- One after the other, by the key: a join of thousands with a table of which Postgres knows little may compare all
  -- with all.
  for v_index in 1 .. cardinality(v_paths) loop
    update coord.locks l set expires_at = greatest(l.expires_at, v_until[v_index])
    where l.project_id = p_project_id and l.path = v_paths[v_index] and l.session_id = p_session_id
      and l.expires_at > clock_timestamp();
  end loop;
  return false;
end
$$;

-- work/_retry_delay.sql
-- How long a task rests after attempt number p_attempt has failed: base × attempt, or base × 2^(attempt − 1); at most a
-- day.
create function coord._retry_delay(p_retry text, p_retry_seconds integer, p_attempt integer) returns interval
language sql immutable parallel safe
as $$
  select least(interval '1 day', interval '1 second' * (p_retry_seconds *
    case p_retry when 'linear' then p_attempt else 2.0 ^ least(p_attempt - 1, 20) end)::double precision);
$$;

-- work/_return_claims.sql
-- Ends attempts without a result: each task goes back to the queue, at once or after its delay, or fails when its
-- attempts are used up. p_count_attempts false: the attempt does not count. p_outcome names the journal rows; null for
-- a caller who writes its own. Answers how many tasks it was.
-- Concurrency: p_waits is for whoever reports a failure, see _fail_attempt. All others have locked the tasks with their
-- parents, as far as nobody else had, and wait for none (see _cascade): what one agent holds must not keep the others'
-- claims from coming back. Token and status are looked at under the lock and again in the UPDATE, so a claim that was
-- granted anew, reported or returned meanwhile is left alone, and a second call finds nothing. Locks of paths are freed
-- last: nobody may wait for a task while holding them.
create function coord._return_claims(
  p_project_id integer, p_task_ids uuid[], p_tokens bigint[], p_error text, p_count_attempts boolean,
  p_operation text default null, p_outcome text default null, p_waits boolean default false
) returns integer
language plpgsql volatile
as $$
declare
  v_task record;
  v_failed uuid[] := '{}';
  v_sessions uuid[] := '{}';
  v_scoped uuid[] := '{}';
  v_returned integer := 0;
begin
  for v_task in
    with ended as (
      select t.task_id, t.claim_token, t.claim_session_id, case
          when not p_count_attempts then 'ready'
          when (t.terms).retry = 'none' or t.attempts >= t.max_attempts then 'failed'
          when coalesce((t.terms).retry_seconds, 60) = 0 then 'ready'
          else 'scheduled'
        end as status,
        clock_timestamp() + coord._retry_delay(coalesce((t.terms).retry, 'exponential'),
          coalesce((t.terms).retry_seconds, 60), t.attempts) as run_after
      from coord.tasks t join unnest(p_task_ids, p_tokens) c(task_id, token) on c.task_id = t.task_id
        and c.token = t.claim_token
      where t.project_id = p_project_id and t.task_id = any (p_task_ids) and t.status = 'claimed'
      order by t.task_id for update of t
    )
    update coord.tasks t set status = e.status, attempts = t.attempts - case when p_count_attempts then 0 else 1 end,
      terms.run_after = case when e.status = 'scheduled' then e.run_after else (t.terms).run_after end,
      terms.progress_at = null, trail = coord._trail_on(t.trail),
      due_at = coord._due_at(e.status, e.run_after, (t.terms).deadline),
      finished_at = case when e.status = 'failed' then clock_timestamp() end,
      agent = case when e.status = 'failed' then t.agent end,
      error = p_error, claim_session_id = null, claim_expires_at = null
    from ended e
    where t.project_id = p_project_id and t.task_id = e.task_id and t.claim_token = e.claim_token and t.status = 'claimed'
    returning t.task_id, t.status, (t.terms).paths, e.claim_session_id
  loop
    v_returned := v_returned + 1;
    if v_task.status = 'failed' then v_failed := v_failed || v_task.task_id; end if;
    if v_task.paths is not null then
      v_sessions := v_sessions || v_task.claim_session_id;
      v_scoped := v_scoped || v_task.task_id;
    end if;
    if p_outcome is not null then
      perform coord._journal(p_project_id, p_operation, 'task:' || v_task.task_id, p_outcome,
        jsonb_build_object('status', v_task.status, 'session_id', v_task.claim_session_id));
    end if;
  end loop;
  if v_failed <> '{}' then perform coord._follow_failures(p_project_id, v_failed, p_waits); end if;
  if v_scoped <> '{}' then
    perform coord._free_task_paths(p_project_id, f.session_id, f.task_id)
    from unnest(v_sessions, v_scoped) with ordinality f(session_id, task_id, place) order by f.place;
  end if;
  return v_returned;
end
$$;

-- work/_return_lapsed_claims.sql
-- Gives back claims of a project whose lease or whose session has lapsed, of tasks with paths or of those without;
-- how many. Those with paths wait for the lock of the project's locks, at the end.
-- Concurrency: rows that somebody is just changing are skipped, also where it is the parent, which may have to be told.
-- A claim that is renewed between the look and the lock is looked at again by Postgres under the lock; a session that
-- may be beating just now counts as living (_is_dead).
-- Planned anew each time: a plan from when there were few tasks would look through all of them for each parent.
create function coord._return_lapsed_claims(p_project_id integer, p_limit integer, p_with_paths boolean) returns integer
language plpgsql volatile set plan_cache_mode = force_custom_plan
as $$
declare
  v_task_ids uuid[];
  v_tokens bigint[];
begin
  select array_agg(l.task_id), array_agg(l.claim_token) into v_task_ids, v_tokens
  from (
    select t.task_id, t.claim_token, t.claim_session_id, t.claim_expires_at <= clock_timestamp() as expired
    from coord.tasks t
    join coord.tasks p on p.project_id = t.project_id and p.task_id = coalesce((t.terms).parent_id, t.task_id)
    left join coord.sessions s on s.project_id = t.project_id and s.session_id = t.claim_session_id
    where t.project_id = p_project_id and t.status = 'claimed'
      and ((t.terms).paths is not null) = p_with_paths
      and (t.claim_expires_at <= clock_timestamp() or not coord._holds(s.ended_at, s.lease_expires_at))
    order by t.status, t.due_at, t.task_id limit p_limit for update of t, p skip locked
  ) l
  where l.expired or coord._is_dead(p_project_id, l.claim_session_id);
  if v_task_ids is null then return 0; end if;
  return coord._return_claims(p_project_id, v_task_ids, v_tokens, 'The claim lapsed.', true, 'sweep', 'lapsed');
end
$$;

-- work/_return_session_claims.sql
-- Gives back what a session that ends has claimed; how many. The caller has ended the session under its row lock, so it
-- claims nothing more. Rows that somebody is just changing are skipped, and whose parent somebody has: they are being
-- reported, or returned. At most 500, and none once the statement has taken a second: to end a session, or to revoke
-- the key of many, must not fail for what they hold. The rest counts as free all the same, and is given back by whoever
-- claims next, or by the sweep.
-- Planned anew each time: a plan from when there were few tasks would look through all of them for each parent.
create function coord._return_session_claims(
  p_project_id integer, p_session_id uuid, p_reason text, p_count_attempts boolean
) returns integer
language plpgsql volatile set plan_cache_mode = force_custom_plan
as $$
declare
  v_task_ids uuid[];
  v_tokens bigint[];
begin
  if clock_timestamp() > statement_timestamp() + interval '1 second' then return 0; end if;
  select array_agg(c.task_id), array_agg(c.claim_token) into v_task_ids, v_tokens
  from (
    select t.task_id, t.claim_token from coord.tasks t
    join coord.tasks p on p.project_id = t.project_id and p.task_id = coalesce((t.terms).parent_id, t.task_id)
    where t.project_id = p_project_id and t.status = 'claimed' and t.claim_session_id = p_session_id
    order by t.task_id limit 500 for update of t, p skip locked
  ) c;
  if v_task_ids is null then return 0; end if;
  return coord._return_claims(p_project_id, v_task_ids, v_tokens,
    'The session that worked on it ended: ' || p_reason || '.',
    p_count_attempts, 'end_session', 'returned');
end
$$;

-- work/_settle_failures.sql
-- Counts tasks that have failed or were cancelled off their parents, and escalates them.
create function coord._settle_failures(p_project_id integer, p_task_ids uuid[]) returns void
language plpgsql volatile
as $$
begin
  perform coord._count_off_parents(p_project_id, p_task_ids);
  perform coord._escalate(p_project_id, p_task_ids);
end
$$;

-- work/_submit_task.sql
-- submit_work of a task that is not plain; a refusal speaks of its fields, not of a list of tasks.
create function coord._submit_task(p_call coord._call, p_task jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_answer jsonb := coord._submit_tasks(p_call, jsonb_build_array(p_task));
begin
  if v_answer ? 'error' then return v_answer; end if;
  return coord._leave(p_call, v_answer #> '{tasks,0}');
end
$$;

-- work/_submit_tasks.sql
-- Checks tasks and puts them into the queue, all or none; answers {"tasks": […]}, or an error, which is journalled.
-- Each task that is made has its journal row from here.
-- Concurrency: what the new tasks depend on, and their parents, are locked before they are looked at, in the order of
-- table.sql. A completion of one of them either commits first and is seen, or waits, and then finds the new task among
-- its dependents. What is refused is refused before anything is locked, as far as that can be: else calls that come to
-- nothing keep tasks of others locked, which is what claims and the sweeper pass over. It is looked at again under the
-- locks. Circles are, too, under an advisory lock, which is taken last (see _refuse_new_circles). One call of an agent at a
-- time gets that far, so that its others do not stand in line there. So nothing that follows may wait for a task.
create function coord._submit_tasks(p_call coord._call, p_tasks jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_drafts coord.tasks[] := coord._draft_tasks(p_call, p_tasks);
  v_edges coord.task_dependencies[] := coord._draft_dependencies(p_tasks, v_drafts);
  v_parents uuid[] := array(select distinct (d.terms).parent_id from unnest(v_drafts) d
    where (d.terms).parent_id is not null);
  v_near uuid[] := v_parents || array(select distinct e.depends_on from unnest(v_edges) e);
  v_answer jsonb;
  v_dead uuid[];
begin
  v_answer := coord._refuse_drafts(p_call, p_tasks, v_drafts, v_edges);
  if v_answer is null and v_near <> '{}' then v_answer := coord._refuse_circles(p_call, v_drafts, v_edges); end if;
  v_answer := coalesce(v_answer, coord._refuse_telling(p_call, v_drafts, p_counts => false));
  if v_answer is not null then return v_answer; end if;
  if v_near <> '{}' then
    if v_parents <> '{}' and v_edges <> '{}' then
      perform pg_advisory_xact_lock(hashtext('coord.circles ' || coord._account(p_call)), p_call.project_id);
    end if;
    perform coord._lock_tasks(p_call.project_id, v_near);
    v_answer := coalesce(coord._refuse_drafts(p_call, p_tasks, v_drafts, v_edges),
      coord._refuse_new_circles(p_call, v_drafts, v_edges));
    if v_answer is not null then return v_answer; end if;
  end if;
  v_answer := coord._refuse_telling(p_call, v_drafts, p_counts => true);
  if v_answer is not null then return v_answer; end if;
  v_drafts := coord._assign_drafts(v_drafts, v_edges);
  insert into coord.task_dependencies select e.* from unnest(v_edges) e;
  insert into coord.tasks select d.* from unnest(v_drafts) d;
  insert into coord.subtasks select d.project_id, (d.terms).parent_id, d.task_id from unnest(v_drafts) d
    where (d.terms).parent_id is not null;
  update coord.tasks p set terms.open_subtasks = coalesce((p.terms).open_subtasks, 0)
    + (select count(*) from unnest(v_drafts) d where (d.terms).parent_id = p.task_id)
  where p.project_id = p_call.project_id and p.task_id = any (v_parents);
  insert into coord.journal (project_id, session_id, agent, operation, outcome, resource)
  select d.project_id, p_call.session_id, p_call.agent, p_call.operation, 'ok', 'task:' || d.task_id
  from unnest(v_drafts) d order by d.rank;

  v_dead := array(
    select t.task_id from coord.tasks t where t.project_id = p_call.project_id and t.status in ('failed', 'cancelled')
      and t.task_id in (select e.depends_on from unnest(v_edges) e) order by 1);
  if v_dead <> '{}' then
    perform coord._settle_failures(p_call.project_id, coord._cascade(p_call.project_id, v_dead, p_waits => false));
  end if;
  return (
    select jsonb_build_object('tasks', jsonb_agg(jsonb_strip_nulls(jsonb_build_object('key', i.task -> 'key',
      'task_id', t.task_id, 'status', t.status, 'unmet_dependencies', t.unmet)) order by i.place))
    from jsonb_array_elements(p_tasks) with ordinality i(task, place)
    join coord.tasks t on t.project_id = p_call.project_id and t.task_id = v_drafts[i.place].task_id);
end
$$;

-- work/_sweep_tasks.sql
-- What time does to the tasks of a project: claims of the dead come back, tasks of assignees that are gone become free,
-- due ones become ready or fail. In batches of p_limit, each set-based; see there. changed: whether there was anything;
-- more: whether there may be more of it.
-- Claims with paths come last: they free these under the advisory lock, and nothing may wait for a task after that.
-- Waits p_patience for it; then they are left to the next call: others may wait for locks that the caller holds.
create function coord._sweep_tasks(
  p_project_id integer, p_limit integer, p_patience text default '50ms',
  out returned_tasks integer, out changed boolean, out more boolean
)
language plpgsql volatile set lock_timeout = '50ms'
as $$
declare
  v_freed integer;
  v_due integer;
  v_with_paths integer := 0;
begin
  v_freed := coord._unassign_vanished(p_project_id, p_limit);
  v_due := coord._process_due(p_project_id, p_limit);
  returned_tasks := coord._return_lapsed_claims(p_project_id, p_limit, false);
  begin
    perform set_config('lock_timeout', p_patience, true);
    v_with_paths := coord._return_lapsed_claims(p_project_id, p_limit, true);
  exception when lock_not_available then null;
  end;
  more := greatest(v_due, returned_tasks, v_with_paths) >= p_limit;
  returned_tasks := returned_tasks + v_with_paths;
  changed := v_freed + v_due + returned_tasks > 0;
end
$$;

-- work/_task_summary.sql
-- A task in a list. Inlined into queries, so that it costs only the columns that it shows.
create function coord._task_summary(p_task coord.tasks) returns jsonb
language sql stable
as $$
  select jsonb_build_object('task_id', p_task.task_id, 'type', p_task.type, 'title', p_task.title,
    'status', p_task.status, 'priority', p_task.priority, 'tags', p_task.tags, 'attempts', p_task.attempts,
    'max_attempts', p_task.max_attempts, 'agent', p_task.agent, 'assignee', (p_task.terms).assignee,
    'created_at', p_task.created_at,
    'blocked_by', case when p_task.status = 'blocked' then coord._dead_dependencies(p_task.project_id, p_task.task_id)
      else '[]' end);
$$;

-- work/_too_many_claims.sql
-- Whether the agent, its subagents included, has 2,000 claims already; its own are counted once the project has as many.
-- All that are claimed are looked at by whoever cleans up, and moved when the database was down.
-- To count costs more than to claim, so one call of fifty does it, and of those that claim p_count at once more of them:
-- an agent may have some hundred claims more.
create function coord._too_many_claims(p_call coord._call, p_count integer) returns boolean
language plpgsql volatile
as $$
begin
  if random() > greatest(20, p_count) / 1000.0 then return false; end if;
  perform from coord.tasks t where t.project_id = p_call.project_id and t.status = 'claimed'
  order by t.status, t.due_at, t.task_id offset 1999 limit 1;
  if not found then return false; end if;
  perform from coord.tasks t
  join coord.sessions s on s.project_id = t.project_id and s.session_id = t.claim_session_id
  where t.project_id = p_call.project_id and t.status = 'claimed'
    and coalesce(s.delegated_from, s.agent) = coord._account(p_call)
  offset 1999 limit 1;
  return found;
end
$$;

-- work/_trail_on.sql
-- A task's trail with this transaction, and no longer than a hundred: for changes of which a task may see any number.
create function coord._trail_on(p_trail xid8[]) returns xid8[]
language sql volatile
as $$ select (p_trail || pg_current_xact_id())[greatest(1, cardinality(p_trail) - 98):] $$;

-- work/_unassign_vanished.sql
-- Takes ready tasks back from assignees without a living session for 60 s: those that were assigned automatically go
-- to the next best agent, the others to whoever asks. How many it was.
-- Assignees are stepped through by index, from a letter by chance and round, so that whoever had many does not keep the
-- tasks of others waiting. Rows that somebody has locked are left for the next time, and so is what is not done after a
-- quarter of a second: to find the next best agent may take long.
create function coord._unassign_vanished(p_project_id integer, p_limit integer) returns integer
language plpgsql volatile
as $$
declare
  v_assignee text;
  v_begin constant text := '~' || chr(48 + floor(random() * 75)::integer);
  v_lane text := v_begin;
  v_is_round boolean := false;
  v_task coord.tasks;
  v_freed integer := 0;
  v_enough timestamptz := clock_timestamp() + interval '250 ms';
begin
  loop
    select coord._assignee_of(t.lane) into v_assignee from coord.tasks t
    where t.project_id = p_project_id and t.status = 'ready' and t.lane > v_lane order by t.lane limit 1;
    if v_freed >= p_limit or clock_timestamp() > v_enough then return v_freed; end if;
    if not found or v_is_round and '~' || v_assignee collate "C" >= v_begin collate "C" then
      if v_is_round then return v_freed; end if;
      v_is_round := true;
      v_lane := '~';
      continue;
    end if;
    v_lane := '~' || v_assignee || E'\n';
    continue when not coord._has_vanished(p_project_id, v_assignee);
    for v_task in
      select t.* from coord.tasks t
      where t.project_id = p_project_id and t.status = 'ready' and t.lane > '~' || v_assignee || E'\t' and t.lane < v_lane
        and t.created_at < clock_timestamp() - interval '60 seconds'
      order by t.lane, t.rank, t.task_id limit p_limit for update skip locked
    loop
      exit when clock_timestamp() > v_enough;
      v_task.terms.assignee := case when (v_task.terms).auto_assign then coord._auto_assignee(v_task) end;
      update coord.tasks t set terms.assignee = (v_task.terms).assignee, lane = coord._lane(v_task),
        trail = coord._trail_on(t.trail)
      where t.project_id = p_project_id and t.task_id = v_task.task_id and t.status = 'ready'
        and (t.terms).assignee = v_assignee;
      if (v_task.terms).assignee is not null then perform coord._tell_assignee(v_task); end if;
      perform coord._journal(p_project_id, 'sweep', 'task:' || v_task.task_id, 'unassigned',
        jsonb_build_object('from', v_assignee, 'to', (v_task.terms).assignee));
      v_freed := v_freed + 1;
    end loop;
  end loop;
end
$$;

-- work/_unblock_dependents.sql
-- Counts tasks that are done off their dependents, and answers, for each of these tasks on which one waited last, how
-- many are no longer blocked. Those that have failed or were cancelled are counted down, too, in case they are retried.
-- Concurrency: the caller has written the tasks before, and whoever submits a dependent locks its tasks first, so
-- either the dependent is seen here or it has seen the task as done. The caller has locked the dependents (see
-- _lock_followers). They are collected before: what a join of both tables costs depends on what Postgres happens to
-- know of them.
create function coord._unblock_dependents(p_project_id integer, p_task_ids uuid[])
returns table (task_id uuid, unblocked bigint)
language plpgsql volatile
as $$
declare
  v_ids uuid[];
  v_done integer[];
  v_last uuid[];
begin
  select array_agg(w.task_id), array_agg(w.done), array_agg(w.last_id) into v_ids, v_done, v_last
  from (
    select d.task_id, count(*)::integer as done, (array_agg(d.depends_on order by d.depends_on desc))[1] as last_id
    from coord.task_dependencies d where d.project_id = p_project_id and d.depends_on = any (p_task_ids)
    group by d.task_id) w;
  return query
    with counted as (
      update coord.tasks t set unmet = t.unmet - n.done, status = n.status,
        due_at = coord._due_at(n.status, (t.terms).run_after, (t.terms).deadline)
      from (
        select d.task_id, w.done, w.last_id, d.status, case when d.status <> 'blocked' or d.unmet > w.done then d.status
            when (d.terms).run_after > clock_timestamp() then 'scheduled' else 'ready' end
        from unnest(v_ids, v_done, v_last) w(task_id, done, last_id)
        join coord.tasks d on d.project_id = p_project_id and d.task_id = w.task_id
      ) n(task_id, done, last_id, was, status)
      where t.project_id = p_project_id and t.task_id = n.task_id and t.status = n.was
      returning n.last_id, n.was <> n.status as unblocked
    )
    select c.last_id, count(*) filter (where c.unblocked) from counted c group by c.last_id;
end
$$;

-- work/_unknown_dependency.sql
-- A dependency that names neither a task of the project nor one of the batch; null when there is none.
create function coord._unknown_dependency(p_project_id integer, p_tasks jsonb, p_drafts coord.tasks[]) returns text
language sql volatile
as $$
  with names as materialized (
    select distinct d.name
    from jsonb_array_elements(p_tasks) i(task)
    cross join jsonb_array_elements_text(
      case jsonb_typeof(i.task -> 'depends_on') when 'array' then i.task -> 'depends_on' else '[]' end) d(name)
  ), keys as materialized (
    select k.task ->> 'key' as name from jsonb_array_elements(p_tasks) k(task)
  )
  select n.name from names n
  where not exists (select from keys k where k.name = n.name)
    and not exists (
      select from coord.tasks t where t.project_id = p_project_id
        and t.task_id = case when n.name ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' then n.name::uuid end)
  limit 1;
$$;

-- work/_waits_for.sql
-- Which tasks a task waits for: those that it depends on, and its subtasks; one that is done waits for nothing.
create function coord._waits_for(p_project_id integer, p_task_id uuid) returns table (waits_for uuid)
language sql stable
as $$
  select o.waits_for
  from coord.tasks t cross join lateral (
    select d.depends_on from coord.task_dependencies d where d.project_id = p_project_id and d.task_id = p_task_id
    union all
    select s.task_id from coord.subtasks s where s.project_id = p_project_id and s.parent_id = p_task_id
  ) o(waits_for)
  where t.project_id = p_project_id and t.task_id = p_task_id and t.status <> 'done';
$$;

-- work/_waits_for_itself.sql
-- Which of these tasks are waited for by some of the drafts that are to become their subtasks; null when that takes a
-- look at more than 5,000 tasks, or until p_until: each may have 100 to wait for, and whoever submits has tasks of others
-- locked meanwhile. Each is visited once, whatever ways lead to it.
create function coord._waits_for_itself(
  p_project_id integer, p_parents uuid[], p_drafts coord.tasks[], p_edges coord.task_dependencies[],
  p_until timestamptz
) returns uuid[]
language plpgsql volatile
as $$
begin
  return (with recursive edges (task_id, waits_for) as materialized (
    select e.task_id, array_agg(e.waits_for)
    from (
      select e.task_id, e.depends_on from unnest(p_edges) e
      union all select (d.terms).parent_id, d.task_id from unnest(p_drafts) d where (d.terms).parent_id is not null
    ) e(task_id, waits_for)
    group by e.task_id
  ), walk (node) as (
    select d.task_id from unnest(p_drafts) d where (d.terms).parent_id = any (p_parents)
    union
    select n.node
    from walk w cross join lateral (
      select u.node from edges e cross join unnest(e.waits_for) u(node) where e.task_id = w.node
      union all
      select o.waits_for from coord._waits_for(p_project_id, w.node) o
    ) n(node)
    where clock_timestamp() < p_until
  )
  select case when count(*) <= 5000 and clock_timestamp() < p_until
    then coalesce(array_agg(w.node) filter (where w.node = any (p_parents)), '{}') end
  from (select w.node from walk w limit 5001) w);
end
$$;

-- work/_whole_task.sql
-- One task of a project, whole, in the form of get_task; null when there is none.
create function coord._whole_task(p_project_id integer, p_task_id uuid) returns jsonb
language plpgsql volatile
as $$
declare
  v_task coord.tasks;
  v_terms coord.task_terms;
begin
  select t.* into v_task from coord.tasks t where t.project_id = p_project_id and t.task_id = p_task_id;
  if not found then return null; end if;
  v_terms := v_task.terms;
  return coord._task_summary(v_task) || jsonb_build_object(
    'description', v_task.description, 'input', v_task.input, 'submitted_by', v_task.submitted_by,
    'claim_token', v_task.claim_token, 'claim_expires_at', v_task.claim_expires_at, 'result', v_task.result,
    'error', v_task.error, 'finished_at', v_task.finished_at, 'capabilities', coalesce(v_terms.capabilities, '{}'),
    'paths', coalesce(v_terms.paths, '{}'),
    'run_after', v_terms.run_after, 'deadline', v_terms.deadline, 'retry', coalesce(v_terms.retry, 'exponential'),
    'retry_seconds', coalesce(v_terms.retry_seconds, 60),
    'escalate_to', v_terms.escalate_to, 'on_dependency_failure', coalesce(v_terms.on_dependency_failure, 'block'),
    'parent_id', v_terms.parent_id,
    'progress', coalesce(v_terms.progress, '[]'), 'subtasks', (
      select jsonb_build_object('open', coalesce(v_terms.open_subtasks, 0), 'total', count(*))
      from coord.subtasks s where s.project_id = p_project_id and s.parent_id = p_task_id),
    'depends_on', coalesce((
      select jsonb_agg(jsonb_build_object('task_id', t.task_id, 'title', t.title, 'status', t.status) order by t.task_id)
      from coord.task_dependencies d
      join coord.tasks t on t.project_id = d.project_id and t.task_id = d.depends_on
      where d.project_id = p_project_id and d.task_id = p_task_id), '[]'));
end
$$;

-- work/_with_scope.sql
-- A claim with what plain tasks do not have: the paths that were locked for it, deadline, parent.
create function coord._with_scope(p_call coord._call, p_claim jsonb) returns jsonb
language sql volatile
as $$
  select jsonb_set(p_claim, '{task}', p_claim -> 'task' || jsonb_strip_nulls(jsonb_build_object(
    'paths', to_jsonb((t.terms).paths), 'deadline', (t.terms).deadline, 'parent_id', (t.terms).parent_id)))
  from coord.tasks t
  where t.project_id = (p_call).project_id and t.task_id = (p_claim #>> '{task,task_id}')::uuid;
$$;

-- approvals/check_approval.sql
-- How an approval stands. A pending one whose time is over is expired, whether or not that was swept.
create function coord.check_approval(p_caller jsonb, p_approval_id uuid, p_wait_seconds integer default 0) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'check_approval');
  v_approval coord.approvals;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  select a.* into v_approval from coord.approvals a
  where a.project_id = v_call.project_id and a.approval_id = p_approval_id;
  if not found then return coord._refuse_unknown_approval(v_call); end if;
  return coord._leave(v_call, coord._approval_answer(v_approval));
end
$$;

grant execute on function coord.check_approval to coord_app;

-- approvals/decide_approval.sql
-- Approves or denies, once, for somebody else: never with a credential that the requester has or has made, see
-- _credentials. Trust 3 or more, as the frame has seen.
-- Concurrency: the row is locked before it is judged, and the clock is read after that, so a caller that waited for
-- another decision or past the expiry finds out; see _decide.
create function coord.decide_approval(
  p_caller jsonb, p_approval_id uuid, p_decision text, p_reason text default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'decide_approval');
  v_approval coord.approvals;
  v_resource text := 'approval:' || p_approval_id;
  v_status text;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  select a.* into v_approval from coord.approvals a
  where a.project_id = v_call.project_id and a.approval_id = p_approval_id for update;
  if not found then return coord._refuse_unknown_approval(v_call); end if;
  if v_approval.session_id = v_call.session_id
    or v_approval.credentials && coord._credentials(v_call.project_id, v_call.session_id, true)
  then
    return coord._refuse(v_call, 'forbidden', 'Nobody decides what they have asked for, under any name or key of theirs.',
      'Leave it to somebody else: a person, or an agent whose key was not made by the requester.',
      '{"reason": "own_request"}', v_resource);
  end if;
  v_status := coord._approval_status(v_approval.status, v_approval.expires_at);
  if v_status = 'pending' then
    v_approval := coord._decide(v_call.project_id, p_approval_id, p_decision = 'approve', v_call.agent, 'session',
      p_reason, clock_timestamp());
    v_status := coalesce(v_approval.status, 'expired');
  elsif v_status <> 'expired' then
    return coord._refuse(v_call, 'conflict', format('It was %s by %s already.', v_status, v_approval.decided_by),
      'A decision stands. The requester can ask again.', '{"reason": "already_decided"}', v_resource);
  end if;
  if v_status = 'expired' then
    return coord._refuse(v_call, 'conflict', 'The time for deciding is over.', 'The requester can ask again.',
      '{"reason": "approval_expired"}', v_resource);
  end if;
  return coord._leave(v_call, jsonb_build_object('decided', true, 'status', v_status, 'approval_id', p_approval_id,
    'requested_by', v_approval.requested_by), v_resource,
    jsonb_strip_nulls(jsonb_build_object('status', v_status, 'via', 'session', 'reason', left(p_reason, 500))));
end
$$;

grant execute on function coord.decide_approval to coord_app;

-- approvals/decide_approval_link.sql
-- Decides by link. Who has the token may decide, and nobody else needs to be known: it was sent to the webhook of the
-- operator, never to the requester. Null for a token nobody has made; decided is false when it came too late.
-- Concurrency: as decide_approval: the row is locked, then judged, so a link decides once, however often it is sent and
-- how many links there are.
create function coord.decide_approval_link(
  p_project_id integer, p_token_hash text, p_approve boolean, p_reason text default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_approval coord.approvals;
  v_decided coord.approvals;
begin
  select a.* into v_approval
  from coord.approval_links l
  join coord.approvals a on a.project_id = l.project_id and a.approval_id = l.approval_id
  where l.project_id = p_project_id and l.token_hash = p_token_hash
  for update of a;
  if not found then return null; end if;
  v_decided := coord._decide(p_project_id, v_approval.approval_id, p_approve, 'link', 'link', p_reason, clock_timestamp());
  if v_decided.approval_id is null then
    perform coord._journal(p_project_id, 'decide_approval', 'approval:' || v_approval.approval_id, 'conflict', '{"via": "link"}');
    return jsonb_build_object('decided', false,
      'status', coord._approval_status(v_approval.status, v_approval.expires_at));
  end if;
  perform coord._journal(p_project_id, 'decide_approval', 'approval:' || v_approval.approval_id, 'ok',
    jsonb_strip_nulls(jsonb_build_object('status', v_decided.status, 'via', 'link', 'reason', left(p_reason, 500))));
  return jsonb_build_object('decided', true, 'status', v_decided.status);
end
$$;

grant execute on function coord.decide_approval_link to coord_app;

-- approvals/delete_approval_rule.sql
-- Removes a rule. What it has approved stays approved.
create function coord.delete_approval_rule(p_caller jsonb, p_rule text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'delete_approval_rule');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  delete from coord.approval_rules r where r.project_id = v_call.project_id and r.rule = p_rule;
  if not found then
    return coord._refuse(v_call, 'not_found', 'There is no such rule.', 'See list_approval_rules.');
  end if;
  return coord._leave(v_call, jsonb_build_object('deleted', true, 'rule', p_rule), 'approval_rule:' || p_rule);
end
$$;

grant execute on function coord.delete_approval_rule to coord_app;

-- approvals/list_approval_rules.sql
-- The rules of the project, by name.
create function coord.list_approval_rules(p_caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'list_approval_rules');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  return coord._leave(v_call, jsonb_build_object('rules', coalesce((
    select jsonb_agg(jsonb_build_object('rule', r.rule, 'action_type', r.action_type, 'agent', r.agent,
      'agent_type', r.agent_type, 'max_risk', r.max_risk, 'set_by', r.set_by, 'set_at', r.set_at) order by r.rule)
    from coord.approval_rules r where r.project_id = v_call.project_id), '[]')));
end
$$;

grant execute on function coord.list_approval_rules to coord_app;

-- approvals/list_approvals.sql
-- Approvals of the project with what exactly they are about, newest first; pages by approval_id, which is ordered by
-- time. A page ends at 128 KiB of payloads, after one approval at least.
create function coord.list_approvals(
  p_caller jsonb, p_status text default null, p_requested_by text default null, p_limit integer default 20,
  p_before uuid default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'list_approvals');
  v_answer jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  select jsonb_build_object('more', count(*) > count(*) filter (where f.is_shown),
    'approvals', coalesce(jsonb_agg(jsonb_build_object('approval_id', f.approval_id, 'status', f.now_status,
      'risk', f.risk, 'action_type', f.action_type, 'description', f.description, 'payload', f.payload,
      'payload_hash', f.payload_hash, 'requested_by', f.requested_by, 'requested_at', f.requested_at,
      'expires_at', f.expires_at, 'decided_by', f.decided_by, 'decided_via', f.decided_via,
      'decided_at', f.decided_at, 'reason', f.reason, 'used_at', f.used_at) order by f.approval_id desc)
      filter (where f.is_shown), '[]')) into v_answer
  from (
    select n.*, n.nth <= p_limit and (n.nth = 1 or n.bytes <= 131072) as is_shown
    from (
      select a.*, coord._approval_status(a.status, a.expires_at) as now_status,
        row_number() over newest as nth, sum(octet_length(a.payload::text)) over newest as bytes
      from coord.approvals a
      where a.project_id = v_call.project_id and (p_before is null or a.approval_id < p_before)
        and (p_requested_by is null or a.requested_by = p_requested_by)
        and (p_status is null or coord._approval_status(a.status, a.expires_at) = p_status)
      window newest as (order by a.approval_id desc) order by a.approval_id desc limit p_limit + 1) n) f;
  return coord._leave(v_call, v_answer);
end
$$;

grant execute on function coord.list_approvals to coord_app;

-- approvals/read_approval_link.sql
-- What a link is about, for the page that shows it; null for a token nobody has made. Changes nothing, so whatever
-- fetches the link before a person does decides nothing. Once it is decided or expired, the status is all that is told.
create function coord.read_approval_link(p_project_id integer, p_token_hash text) returns jsonb
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select case when s.status = 'pending'
    then jsonb_build_object('status', s.status, 'project', p.name, 'action_type', a.action_type,
      'description', a.description, 'payload', a.payload, 'payload_hash', a.payload_hash, 'risk', a.risk,
      'requested_by', a.requested_by, 'requested_at', a.requested_at, 'expires_at', a.expires_at)
    else jsonb_build_object('status', s.status) end
  from coord.approval_links l
  join coord.approvals a on a.project_id = l.project_id and a.approval_id = l.approval_id
  join coord.projects p on p.project_id = l.project_id
  cross join lateral (select coord._approval_status(a.status, a.expires_at) as status) s
  where l.project_id = p_project_id and l.token_hash = p_token_hash;
$$;

grant execute on function coord.read_approval_link to coord_app;

-- approvals/request_approval.sql
-- Asks for an approval of exactly this payload, and answers it at once when a rule decides. The same question of the
-- same session joins the one that is pending, so that a call that is repeated does not ask a person twice.
-- Each counts as ten messages, because it is put before a person; as one when a rule decides (see _silent_until).
-- Waiting is not done here: core goes on with check_approval.
-- Concurrency: requests of one agent follow each other under the lock on the agent's row, so neither the join nor the
-- limit can be raced. Killed before its commit it has done nothing; after it, the question stands and can be found.
create function coord.request_approval(
  p_caller jsonb, p_action_type text, p_description text, p_payload jsonb default '{}', p_risk text default 'medium',
  p_expires_in_seconds integer default 300, p_wait_seconds integer default 0
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'request_approval');
  v_hash text := encode(sha256(convert_to(p_payload::text, 'UTF8')), 'hex');
  v_account text := coord._account(v_call);
  v_credentials text[];
  v_rule text;
  v_pending bigint;
  v_until timestamptz;
  v_approval coord.approvals;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if octet_length(p_payload::text) > 65536 then
    return coord._refuse(v_call, 'invalid_input', 'payload: longer than 65536 bytes.',
      'Nobody can judge so much: name a file, a commit or a hash in the payload instead.');
  end if;
  perform from coord.agents a where a.project_id = v_call.project_id and a.agent = v_account for update;
  select a.* into v_approval from coord.approvals a
  where a.project_id = v_call.project_id and a.status = 'pending' and a.expires_at > clock_timestamp()
    and a.session_id = v_call.session_id and a.action_type = p_action_type and a.payload_hash = v_hash
    and a.description = p_description and a.risk = p_risk;
  if found then return coord._leave(v_call, coord._approval_answer(v_approval)); end if;
  select count(*) into v_pending from coord.approvals a
  where a.project_id = v_call.project_id and a.status = 'pending' and a.expires_at > clock_timestamp()
    and (a.requested_by = v_account or starts_with(a.requested_by, v_account || '/'));
  if v_pending >= 20 then
    return coord._refuse(v_call, 'limit_exceeded', 'This agent waits for 20 approvals already.',
      'Wait until some are decided or have expired: see list_approvals.', '{"reason": "too_many_pending"}');
  end if;
  v_credentials := coord._credentials(v_call.project_id, v_call.session_id, false);
  v_rule := coord._rule_for(v_call, p_action_type, p_risk, v_credentials);
  v_until := coord._silent_until(v_call, case when v_rule is null then 10 else 1 end);
  if v_until is not null then return coord._refuse_silent(v_call, v_until); end if;
  v_approval := coord._add_approval(v_call, p_action_type, p_description, p_payload, v_hash, p_risk,
    p_expires_in_seconds, v_credentials, v_rule);
  return coord._leave(v_call, coord._approval_answer(v_approval), 'approval:' || v_approval.approval_id,
    jsonb_strip_nulls(jsonb_build_object('action_type', p_action_type, 'risk', p_risk, 'payload_hash', v_hash,
      'status', v_approval.status, 'rule', case when v_approval.decided_via = 'rule' then v_approval.decided_by end)));
end
$$;

grant execute on function coord.request_approval to coord_app;

-- approvals/set_approval_rule.sql
-- Sets a rule, or replaces the one of that name. It decides requests from then on; what is pending stays so.
-- Concurrency: the primary key decides between two who set it at once; the later one stands.
create function coord.set_approval_rule(
  p_caller jsonb, p_rule text, p_action_type text, p_agent text default null, p_agent_type text default null,
  p_max_risk text default 'low'
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'set_approval_rule');
  v_replaced boolean;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_replaced := exists (
    select from coord.approval_rules r where r.project_id = v_call.project_id and r.rule = p_rule);
  insert into coord.approval_rules as r (project_id, rule, action_type, agent, agent_type, max_risk, set_by, credentials)
  values (v_call.project_id, p_rule, p_action_type, p_agent, p_agent_type, p_max_risk, v_call.agent,
    coord._credentials(v_call.project_id, v_call.session_id, false))
  on conflict (project_id, rule) do update set action_type = excluded.action_type, agent = excluded.agent,
    agent_type = excluded.agent_type, max_risk = excluded.max_risk, set_by = excluded.set_by,
    credentials = excluded.credentials, set_at = clock_timestamp();
  return coord._leave(v_call, jsonb_build_object('rule', p_rule, 'replaced', v_replaced), 'approval_rule:' || p_rule,
    jsonb_strip_nulls(jsonb_build_object('action_type', p_action_type, 'agent', p_agent, 'agent_type', p_agent_type,
      'max_risk', p_max_risk)));
end
$$;

grant execute on function coord.set_approval_rule to coord_app;

-- approvals/settle_webhook.sql
-- Notes how a try to send ended: p_error null when the other side took it. The twelfth failure is the last.
-- Concurrency: only a row that is open is changed, so what a slow try reports late changes nothing.
create function coord.settle_webhook(p_project_id integer, p_approval_id uuid, p_error text default null) returns jsonb
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  update coord.approval_webhooks w set last_error = left(p_error, 200),
    settled_at = case when p_error is null or w.attempts >= 12 then clock_timestamp() end,
    outcome = case when p_error is null then 'delivered' when w.attempts >= 12 then 'given_up' end
  where w.project_id = p_project_id and w.approval_id = p_approval_id and w.settled_at is null
  returning to_jsonb(w.outcome);
$$;

grant execute on function coord.settle_webhook to coord_app;

-- approvals/take_webhooks.sql
-- Approvals that somebody should be told of now, each with a link of its own when p_with_links: what the process that
-- has a webhook configured asks every second. The token of a link stands in this answer only; its hash is kept.
-- Concurrency: a row is taken under its lock, which others skip, and is due again only after the pause that follows a
-- failed try, longer than any try lasts. So two processes do not send at once, and one that is killed while sending
-- leaves the rest to the next: at least once, under the same id.
create function coord.take_webhooks(p_limit integer, p_with_links boolean) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_row record;
  v_token text;
  v_taken jsonb := '[]';
begin
  for v_row in
    select w.project_id, w.approval_id, p.name as project, a.action_type, a.description, a.risk, a.payload_hash,
      a.requested_by, a.requested_at, a.expires_at
    from coord.approval_webhooks w
    join coord.approvals a on a.project_id = w.project_id and a.approval_id = w.approval_id
    join coord.projects p on p.project_id = w.project_id
    where w.settled_at is null and w.due_at <= clock_timestamp() and w.attempts < 12
      and a.status = 'pending' and a.expires_at > clock_timestamp()
    order by w.due_at limit p_limit for update of w skip locked
  loop
    update coord.approval_webhooks w set attempts = w.attempts + 1,
      due_at = clock_timestamp() + least(interval '10 seconds' * power(2, w.attempts), interval '1 hour')
    where w.project_id = v_row.project_id and w.approval_id = v_row.approval_id;
    v_token := case when p_with_links then v_row.project_id || '-' || translate(encode(sha256(
      uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'base64'),
      '+/=', '-_') end;
    insert into coord.approval_links (project_id, token_hash, approval_id)
    select v_row.project_id, encode(sha256(convert_to(v_token, 'UTF8')), 'hex'), v_row.approval_id
    where p_with_links;
    v_taken := v_taken || jsonb_build_array(to_jsonb(v_row) || jsonb_build_object('token', v_token));
  end loop;
  return v_taken;
end
$$;

grant execute on function coord.take_webhooks to coord_app;

-- approvals/use_approval.sql
-- Consumes an approval for the action it was given for: once, by the agent that asked, within a day of the decision.
-- Concurrency: one guarded UPDATE in which agent, status, payload, time and "not used yet" all still match, so of two
-- that use it one does. A kill before its commit leaves the approval as it was, after it the approval is used up.
create function coord.use_approval(p_caller jsonb, p_approval_id uuid, p_payload jsonb default '{}') returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'use_approval');
  v_used_at timestamptz;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  update coord.approvals a set used_at = clock_timestamp()
  where a.project_id = v_call.project_id and a.approval_id = p_approval_id and a.requested_by = v_call.agent
    and a.status = 'approved' and a.used_at is null and a.decided_at > clock_timestamp() - interval '24 hours'
    and a.payload_hash = encode(sha256(convert_to(p_payload::text, 'UTF8')), 'hex')
  returning a.used_at into v_used_at;
  if not found then return coord._refuse_use(v_call, p_approval_id, p_payload); end if;
  return coord._leave(v_call,
    jsonb_build_object('used', true, 'approval_id', p_approval_id, 'used_at', v_used_at), 'approval:' || p_approval_id);
end
$$;

grant execute on function coord.use_approval to coord_app;

-- classic/complete_task.sql
-- complete_work under the name that earlier coordinators had.
create function coord.complete_task(
  p_caller jsonb, p_task_id uuid, p_claim_token bigint, p_result jsonb default null, p_error text default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  return coord.complete_work(p_caller, p_task_id, p_claim_token, p_error is null, p_result, p_error);
end
$$;

grant execute on function coord.complete_task to coord_app;

-- classic/create_task.sql
-- submit_work under the name and with the words that earlier coordinators had.
create function coord.create_task(
  p_caller jsonb, p_title text, p_description text default null, p_priority text default 'normal',
  p_assignee text default null,
  p_capabilities text[] default null, p_files text[] default null, p_blocked_by uuid[] default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  return coord.submit_work(p_caller, p_title, p_description,
    p_priority => ('{"urgent": 1, "high": 3, "normal": 5, "low": 8}'::jsonb ->> p_priority)::integer,
    p_depends_on => p_blocked_by, p_capabilities => p_capabilities, p_paths => p_files, p_assignee => p_assignee);
end
$$;

grant execute on function coord.create_task to coord_app;

-- classic/get_next_task.sql
-- get_work under the name that earlier coordinators had.
create function coord.get_next_task(p_caller jsonb, p_wait_seconds integer default 0) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  return coord.get_work(p_caller, p_wait_seconds => p_wait_seconds);
end
$$;

grant execute on function coord.get_next_task to coord_app;

-- classic/register_agent.sql
-- register_session under the name that earlier coordinators had.
create function coord.register_agent(p_caller jsonb, p_agent_type text default null, p_capabilities text[] default null)
returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  return coord.register_session(p_caller, p_agent_type, p_capabilities);
end
$$;

grant execute on function coord.register_agent to coord_app;

-- decisions/list_decisions.sql
-- Decisions of the project, newest first, as many as fit into a page; pages by decision_id, which is ordered by time.
create function coord.list_decisions(
  p_caller jsonb, p_agent text default null, p_type text default null, p_limit integer default 50,
  p_before uuid default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'list_decisions');
  v_decisions jsonb;
  v_last uuid;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  select coalesce(jsonb_agg(jsonb_build_object('decision_id', f.decision_id, 'type', f.type, 'context', f.context,
      'reason', f.reason, 'agent', f.agent, 'decided_at', f.at) order by f.decision_id desc) filter (where f.fits), '[]'),
    case when bool_or(not f.fits) then min(f.decision_id::text) filter (where f.fits) end
  into v_decisions, v_last
  from (
    select d.*, row_number() over place <= p_limit
        and sum(octet_length(d.context) + octet_length(d.reason)) over place <= coord._page_bytes() as fits
    from coord.decisions d
    where d.project_id = v_call.project_id
      and (p_agent is null or d.agent = p_agent)
      and (p_type is null or d.type = p_type)
      and (p_before is null or d.decision_id < p_before)
    window place as (order by d.decision_id desc)
    order by d.decision_id desc limit p_limit + 1
  ) f;
  return coord._leave(v_call, jsonb_build_object('decisions', v_decisions, 'next_before', v_last));
end
$$;

grant execute on function coord.list_decisions to coord_app;

-- decisions/log_decision.sql
-- Records a decision in the caller's name. Counts as a message (see _silent_until): decisions are kept for ever.
create function coord.log_decision(p_caller jsonb, p_type text, p_context text, p_reason text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'log_decision');
  v_decision_id uuid := coord._new_id();
  v_until timestamptz;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_until := coord._silent_until(v_call, 1);
  if v_until is not null then return coord._refuse_silent(v_call, v_until); end if;
  insert into coord.decisions (project_id, decision_id, agent, session_id, type, context, reason)
  values (v_call.project_id, v_decision_id, v_call.agent, v_call.session_id, p_type, p_context, p_reason);
  return coord._leave(v_call, jsonb_build_object('logged', true, 'decision_id', v_decision_id),
    'decision:' || v_decision_id, jsonb_build_object('type', p_type));
end
$$;

grant execute on function coord.log_decision to coord_app;

-- digest/catch_up.sql
-- What happened in the project since the caller's session last looked, what concerns it first, in less than 2 KB; and,
-- unless p_mark is false, that it has looked now.
-- Concurrency: what is told and what is marked as seen is the same snapshot, so what commits meanwhile, or started
-- before and commits later, is told the next time. Of two looks of a session at once, both tell; the mark stands where
-- the later one set it, and nothing below it was told by neither.
create function coord.catch_up(p_caller jsonb, p_mark boolean default true) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'catch_up');
  v_now pg_snapshot := pg_current_snapshot();
  v_look coord.looks;
  v_first xid8;
  v_news jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_look := coord._last_look(v_call);
  v_first := coord._last_entries(v_call.project_id, coalesce(pg_snapshot_xmin(v_look.seen), '0'),
    pg_snapshot_xmax(v_now));
  v_news := jsonb_build_object(
    'news', coord._digest(v_call, array(select n from coord._news(v_call,
      coalesce(v_first, pg_snapshot_xmin(v_look.seen), '0'), v_look.seen, v_now) n)),
    'since', v_look.looked_at, 'truncated', v_first is not null);
  if not p_mark then return coord._leave(v_call, v_news, p_kept => 'null'); end if;
  insert into coord.looks as l (project_id, agent, session_id, seen)
  values (v_call.project_id, v_call.agent, v_call.session_id, v_now)
  on conflict (project_id, agent, session_id) do update set seen = excluded.seen, looked_at = excluded.looked_at
  where pg_snapshot_xmax(l.seen) <= pg_snapshot_xmax(excluded.seen)
    or pg_snapshot_xmax(l.seen) > pg_snapshot_xmax(pg_current_snapshot());
  return coord._leave(v_call, v_news, 'session:' || v_call.session_id);
end
$$;

grant execute on function coord.catch_up to coord_app;

-- frame/count_violations.sql
-- What must never be, by name, with how often it is: anything but 0 is a defect of these functions, or somebody
-- changed rows by hand. Asked by doctor, and every second by the test of faults.
-- One statement, so that all of it is one moment. It looks at the newest rows of each project only, so that it stays
-- cheap in a large database; every claim is among them, because claims have an index of their own. Without JIT, which
-- would compile this one statement for seconds.
create function coord.count_violations() returns jsonb
language sql volatile security definer set search_path = pg_catalog, pg_temp set jit = off
as $$
  with
  tasks as materialized (
    select t.project_id, t.task_id, t.status, t.status in ('done', 'failed', 'cancelled') as ended, t.unmet, t.attempts,
      t.max_attempts, t.claim_token, t.claim_session_id, t.claim_expires_at, t.agent, t.finished_at, t.due_at,
      coalesce((t.terms).open_subtasks, 0) as open_subtasks
    from coord.projects p
    cross join lateral (
      (select n.task_id from coord.tasks n where n.project_id = p.project_id order by n.task_id desc limit 5000)
      union
      (select c.task_id from coord.tasks c where c.project_id = p.project_id and c.status = 'claimed' limit 5000)) seen
    join coord.tasks t on t.project_id = p.project_id and t.task_id = seen.task_id),
  dependencies as materialized (
    select d.project_id, d.task_id, count(*) filter (where o.status is distinct from 'done') as unmet,
      count(*) filter (where o.task_id is null) as unknown, count(*) filter (where d.depends_on = d.task_id) as own
    from tasks t
    join coord.task_dependencies d on d.project_id = t.project_id and d.task_id = t.task_id
    left join coord.tasks o on o.project_id = d.project_id and o.task_id = d.depends_on
    group by d.project_id, d.task_id),
  subtasks as materialized (
    select c.project_id, c.parent_id, count(*) filter (where o.status not in ('done', 'failed', 'cancelled')) as open
    from tasks t
    join coord.subtasks c on c.project_id = t.project_id and c.parent_id = t.task_id
    join coord.tasks o on o.project_id = c.project_id and o.task_id = c.task_id
    group by c.project_id, c.parent_id),
  locks as materialized (
    select l.* from coord.projects p
    cross join lateral (select n.* from coord.locks n where n.project_id = p.project_id limit 5000) l),
  shares as materialized (select n.* from coord.lock_shares n limit 5000),
  holders as materialized (
    select h.*, s.session_id is null as unknown,
      coord._is_live(s.ended_at, s.lease_expires_at) and h.expires_at > clock_timestamp() as live
    from (
      select l.project_id, l.path, l.session_id, l.token, l.acquired_at, l.expires_at, false as shared from locks l
      where l.session_id is not null
      union all
      select a.project_id, a.path, a.session_id, a.token, a.acquired_at, a.expires_at, true from shares a) h
    left join coord.sessions s on s.project_id = h.project_id and s.session_id = h.session_id),
  -- Only trees and globs overlap other paths than their own, and all that are held are in lock_scopes.
  scopes as materialized (
    select h.* from coord.lock_scopes c join holders h on h.project_id = c.project_id and h.path = c.path
    where h.live limit 200),
  journal as materialized (
    select j.* from coord.projects p cross join lateral (
      select n.* from coord.journal n where n.project_id = p.project_id
      order by n.xact_id desc, n.entry_id desc limit 5000) j),
  grants as materialized (
    select g.*, max(g.token) over (partition by g.project_id, g.path order by g.entry_id
      rows between unbounded preceding and 1 preceding) as token_before
    from (
      select j.project_id, j.entry_id, d.grant ->> 'path' as path, (d.grant ->> 'token')::bigint as token,
        (d.grant ->> 'renewed')::boolean as renewed
      from journal j
      cross join lateral jsonb_path_query(coalesce(j.detail -> 'locks', j.detail), 'lax $[*]') d("grant")
      where j.operation = 'acquire_lock' and j.outcome = 'ok') g),
  calls as materialized (
    select j.project_id, substr(j.resource, 6)::uuid as task_id,
      count(*) filter (where j.operation like 'get\_work%') as claims,
      count(*) filter (where j.operation like 'complete\_%' and j.detail ->> 'status' = 'done') as completions
    from journal j where j.outcome = 'ok' and j.resource ~ '^task:[0-9a-f-]{36}$'
    group by j.project_id, j.resource),
  approvals as materialized (
    select a.*, (
      select count(*) from journal j where j.project_id = a.project_id and j.resource = 'approval:' || a.approval_id
        and j.operation = 'decide_approval' and j.outcome = 'ok') as decisions, (
      select count(*) from journal j where j.project_id = a.project_id and j.resource = 'approval:' || a.approval_id
        and j.operation = 'use_approval' and j.outcome = 'ok') as uses
    from coord.projects p cross join lateral (
      select n.* from coord.approvals n where n.project_id = p.project_id order by n.approval_id desc limit 200) a)
  select to_jsonb(of_tasks) || to_jsonb(of_dependencies) || to_jsonb(of_paths) || to_jsonb(of_holders)
    || to_jsonb(of_pairs) || to_jsonb(of_grants) || to_jsonb(of_calls) || to_jsonb(of_journal) || to_jsonb(of_sessions)
    || to_jsonb(of_keys) || to_jsonb(of_approvals) || to_jsonb(of_pulse) || to_jsonb(of_handoffs)
    || coord._count_message_violations() || coord._count_seal_violations()
  from (
    select
      count(*) filter (where not t.ended and t.status not in ('ready', 'blocked', 'scheduled', 'claimed'))
        as tasks_of_unknown_status,
      count(*) filter (where t.status = 'claimed' and (t.claim_session_id is null or t.claim_expires_at is null
        or t.claim_token < 1 or t.agent is null)) as claimed_tasks_without_claim,
      count(*) filter (where t.status <> 'claimed' and (t.claim_session_id is not null
        or t.claim_expires_at is not null)) as claims_of_unclaimed_tasks,
      count(*) filter (where t.status = 'claimed' and s.session_id is null) as claims_of_unknown_sessions,
      count(*) filter (where t.claim_expires_at > clock_timestamp() + interval '8 hours') as claims_beyond_longest_lease,
      count(*) filter (where t.ended and t.finished_at is null) as ended_tasks_without_time,
      count(*) filter (where not t.ended and t.finished_at is not null) as open_tasks_that_have_ended,
      count(*) filter (where t.status = 'ready' and t.unmet <> 0) as ready_tasks_with_unmet_dependencies,
      count(*) filter (where t.status = 'blocked' and t.unmet = 0) as blocked_tasks_without_cause,
      count(*) filter (where t.status = 'scheduled' and t.due_at is null) as scheduled_tasks_that_are_never_due,
      count(*) filter (where t.unmet <> coalesce(d.unmet, 0)) as tasks_with_wrong_count_of_unmet,
      count(*) filter (where t.open_subtasks <> coalesce(c.open, 0)) as tasks_with_wrong_count_of_subtasks,
      count(*) filter (where t.status = 'done' and c.open > 0) as done_tasks_with_open_subtasks,
      count(*) filter (where t.attempts not between 0 and t.max_attempts) as tasks_with_too_many_attempts,
      count(*) filter (where t.claim_token < t.attempts) as tasks_with_more_attempts_than_claims
    from tasks t
    left join dependencies d on d.project_id = t.project_id and d.task_id = t.task_id
    left join subtasks c on c.project_id = t.project_id and c.parent_id = t.task_id
    left join coord.sessions s on s.project_id = t.project_id and s.session_id = t.claim_session_id
  ) of_tasks, (
    select count(*) filter (where d.unknown > 0) as dependencies_on_unknown_tasks,
      count(*) filter (where d.own > 0) as tasks_that_wait_for_themselves
    from dependencies d
  ) of_dependencies, (
    select
      count(*) filter (where l.path <> './' and (l.path is not nfc normalized or octet_length(l.path) not between 1 and 1024
        or l.path ~ '(^|/)\.{0,2}/|(^|/)\.{1,2}$|[\\\u0001-\u001f\u007f-\u009f]'
        or l.path ~ '^[A-Za-z][A-Za-z0-9+.-]*:' and l.path !~ '^(resource|label):')) as lock_paths_not_in_normal_form,
      count(*) filter (where l.session_id is not null and l.task_id is not null and l.expires_at > clock_timestamp()
        and t.claim_session_id is distinct from l.session_id) as locks_for_tasks_that_are_not_claimed
    from locks l left join coord.tasks t on t.project_id = l.project_id and t.task_id = l.task_id
  ) of_paths, (
    select
      count(*) filter (where h.token < 1) as lock_tokens_below_one,
      count(*) filter (where h.unknown) as locks_of_unknown_sessions,
      count(*) filter (where h.expires_at <= h.acquired_at) as locks_that_end_before_they_begin,
      count(*) filter (where h.expires_at > clock_timestamp() + interval '8 hours') as locks_beyond_longest_lease,
      count(*) filter (where h.shared and l.guarded is not true) as shared_locks_that_are_not_guarded,
      count(*) filter (where h.shared and h.live and l.session_id <> h.session_id and e.live) as locks_shared_and_exclusive
    from holders h
    left join coord.locks l on l.project_id = h.project_id and l.path = h.path
    left join holders e on e.project_id = l.project_id and e.path = l.path and not e.shared
  ) of_holders, (
    select
      count(*) filter (where h.live and h.session_id <> c.session_id and not (h.shared and c.shared))
        as overlapping_locks_of_two_holders,
      count(*) filter (where not l.guarded) as paths_below_locked_trees_that_are_not_guarded
    from scopes c
    join locks l on l.project_id = c.project_id and l.path <> c.path and coord._overlaps(c.path, l.path)
    left join holders h on h.project_id = l.project_id and h.path = l.path
  ) of_pairs, (
    select
      count(*) filter (where g.token <= g.token_before and not g.renewed) as grants_with_tokens_that_do_not_grow,
      count(*) filter (where coalesce(l.token, f.token, 0) < g.token) as grants_with_tokens_above_the_lock
    from grants g
    left join coord.locks l on l.project_id = g.project_id and l.path = g.path
    left join coord.lock_floors f on f.project_id = g.project_id
  ) of_grants, (
    select count(*) filter (where c.completions > 1) as tasks_completed_twice,
      count(*) filter (where c.completions > 0 and t.status is distinct from 'done') as completed_tasks_that_are_not_done,
      count(*) filter (where c.claims > t.claim_token) as tasks_with_more_claims_than_tokens
    from calls c left join coord.tasks t on t.project_id = c.project_id and t.task_id = c.task_id
  ) of_calls, (
    select count(*) filter (where j.at > clock_timestamp()) as journal_rows_of_the_future,
      count(*) filter (where j.at < j.started_at) as journal_rows_that_end_before_they_begin,
      count(*) filter (where coord._minimum_trust(j.operation) = 5) as journal_rows_of_unknown_operations
    from journal j
  ) of_journal, (
    select
      count(*) filter (where s.ended_at is not null and s.fresh_until > '-infinity') as ended_sessions_that_count_as_fresh,
      count(*) filter (where s.ended_at is null and s.handoff_xact is not null) as living_sessions_due_for_a_handoff,
      count(*) filter (where s.fresh_until > s.lease_expires_at) as sessions_fresh_beyond_their_lease,
      count(*) filter (where s.lease_expires_at > s.valid_until) as sessions_beyond_their_key,
      count(*) filter (where s.beats and s.lease_expires_at > clock_timestamp() + interval '60 seconds')
        as sessions_beyond_longest_lease,
      count(*) filter (where s.ended_at is null and s.key_id is not null
        and (k.key_id is null or k.revoked_at is not null)) as sessions_of_revoked_keys,
      count(*) filter (where s.trust > k.trust) as sessions_trusted_more_than_their_key,
      count(*) filter (where s.trust > s.granted_trust) as sessions_trusted_more_than_their_credential,
      count(*) filter (where s.restrictions is not null and s.fresh_until > '-infinity')
        as restricted_sessions_that_count_as_fresh,
      count(*) filter (where s.ended_at is null and p.ended_at is not null) as living_subagents_of_ended_sessions,
      count(*) filter (where s.ended_at is null and s.trust > p.trust) as subagents_trusted_more_than_their_parents,
      count(*) filter (where a.agent is null) as sessions_of_unknown_agents
    from (select n.* from coord.sessions n limit 5000) s
    left join coord.api_keys k on k.key_id = s.key_id and k.project_id = s.project_id
    left join coord.agents a on a.project_id = s.project_id and a.agent = s.agent
    left join coord.sessions p on p.project_id = s.project_id and p.session_id = s.parent_session_id
  ) of_sessions, (
    select count(*) filter (where i.answer is null) as idempotency_keys_without_answer,
      count(*) filter (where coord._minimum_trust(i.operation) = 5) as idempotency_keys_of_unknown_operations
    from (select n.* from coord.idempotency_keys n limit 5000) i
  ) of_keys, (
    select
      count(*) filter (where a.decisions > 1) as approvals_decided_twice,
      count(*) filter (where a.uses > 1) as approvals_used_twice,
      count(*) filter (where a.used_at is not null and a.status <> 'approved') as approvals_used_that_were_not_given,
      count(*) filter (where a.decided_at >= a.expires_at) as approvals_decided_after_their_time,
      count(*) filter (where a.status in ('approved', 'denied') and (a.decided_at is null or a.decided_by is null
        or a.decided_via is null)) as approvals_decided_by_nobody,
      count(*) filter (where a.decided_via = 'session' and a.decided_by = a.requested_by) as approvals_decided_by_the_requester,
      count(*) filter (where a.payload_hash <> encode(sha256(convert_to(a.payload::text, 'UTF8')), 'hex'))
        as approvals_of_another_payload
    from approvals a
  ) of_approvals, (
    select count(*) filter (where p.swept_at > clock_timestamp()) as sweeps_of_the_future from coord.pulse p
  ) of_pulse, (
    select count(*) filter (where h.automatic and (h.handoff_id <> h.session_id or s.ended_at is null))
        as automatic_handoffs_of_living_sessions,
      count(*) filter (where h.automatic and exists (select from coord.handoffs o where o.project_id = h.project_id
        and o.agent = h.agent and o.session_id = h.session_id and not o.automatic)) as handoffs_made_beside_written_ones
    from (select n.* from coord.handoffs n limit 5000) h
    join coord.sessions s on s.project_id = h.project_id and s.session_id = h.session_id
  ) of_handoffs;
$$;

grant execute on function coord.count_violations to coord_app;

-- frame/database_health.sql
-- What doctor asks of a database: its clock, whether what it acknowledges survives a crash, what holds vacuum back,
-- when somebody last swept and what waits for it, work that has failed for good, the size of the journal, and for how
-- long its oldest row waits for a seal.
create function coord.database_health() returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  return jsonb_build_object(
    'now', clock_timestamp(),
    'server_version', current_setting('server_version'),
    'schema_version', coord.schema_version(),
    'settings', jsonb_build_object(
      'fsync', current_setting('fsync'),
      'full_page_writes', current_setting('full_page_writes'),
      'synchronous_commit', current_setting('synchronous_commit')),
    'oldest_transaction_seconds', coalesce((
      select round(extract(epoch from clock_timestamp() - min(a.xact_start)))
      from pg_catalog.pg_stat_activity a where a.datname = current_database() and a.xact_start is not null
        and a.pid <> pg_backend_pid()), 0),
    'swept_at', (select nullif(p.swept_at, '-infinity') from coord.pulse p),
    'lapsed_sessions', (
      select count(*) from coord.sessions s
      where s.ended_at is null and s.lease_expires_at < clock_timestamp() - interval '30 seconds'),
    'lapsed_claims', (
      select count(*) from coord.projects p
      join coord.tasks t on t.project_id = p.project_id and t.status = 'claimed'
      where t.claim_expires_at < clock_timestamp() - interval '30 seconds'),
    'failed_tasks', (
      select count(*) from (
        select from coord.projects p
        join coord.tasks t on t.project_id = p.project_id and t.status = 'failed' limit 10000) f),
    'journal_bytes', pg_total_relation_size('coord.journal'),
    'unsealed_seconds', coalesce((
      select round(extract(epoch from clock_timestamp() - min(u.at)))
      from coord.projects p
      cross join lateral coord._last_seal(p.project_id) s
      cross join lateral (
        select j.at from coord.journal j
        where j.project_id = p.project_id and (j.xact_id, j.entry_id) > (s.last_xact_id, s.last_entry_id)
        order by j.xact_id, j.entry_id limit 1) u), 0));
end
$$;

grant execute on function coord.database_health to coord_app;

-- frame/may_call.sql
-- Whether the caller may call an operation at all: {}, or the error that the call is answered with, journalled as its
-- refusal. Asked before core does something costly for it; the operation itself decides once more.
create function coord.may_call(p_caller jsonb, p_operation text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller - 'idempotency_key' - 'input', p_operation, false);
begin
  return coalesce(v_call.answer, '{}');
end
$$;

grant execute on function coord.may_call to coord_app;

-- frame/schema_version.sql
-- Version of the newest migration, for servers that cannot read the history table. A test compares the two.
create function coord.schema_version() returns text
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$ select '20261121000000'::text $$;

grant execute on function coord.schema_version to coord_app;

-- frame/sweep.sql
-- Cleans up in the caller's project now; see _sweep.
create function coord.sweep(p_caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'sweep');
  v_answer jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_answer := coord._sweep(v_call.project_id);
  return coord._leave(v_call, v_answer, 'project', v_answer);
end
$$;

grant execute on function coord.sweep to coord_app;

-- frame/sweep_projects.sql
-- Cleans up in all projects: called every few seconds by any long-running process, or by pg_cron.
create function coord.sweep_projects() returns jsonb
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select coord._sweep(null) $$;

grant execute on function coord.sweep_projects to coord_app;

-- guardrails/check_guardrails.sql
-- The verdict on a text that core has read: p_computed has the violations it found. Each check is journalled, its
-- violations are kept; the text is not. Without what core computed there is no verdict, and the call is refused.
create function coord.check_guardrails(
  p_caller jsonb, p_operation_text text, p_context text default null, p_file_paths text[] default null,
  p_computed jsonb default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'check_guardrails');
  v_verdict jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if p_computed is null then
    return coord._refuse(v_call, 'invalid_input', 'Nobody has read this text.', 'Call check_guardrails through a door.');
  end if;
  v_verdict := coord._judged(v_call, p_computed);
  perform coord._record_violations(v_call, v_verdict);
  return coord._leave(v_call, v_verdict, 'guardrails:check', jsonb_build_object('verdict', v_verdict -> 'verdict',
    'rules', jsonb_path_query_array(v_verdict, '$.violations[*].rule'), 'rules_version', p_computed -> 'rules_version'));
end
$$;

grant execute on function coord.check_guardrails to coord_app;

-- guardrails/delete_guardrail_rule.sql
-- Removes what the project has set: a rule of its own, or the change of a built-in one, which then weighs what it did.
-- Concurrency: the row of the version is locked first, so two who change rules follow each other.
create function coord.delete_guardrail_rule(p_caller jsonb, p_rule text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'delete_guardrail_rule');
  v_version integer;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if not exists (select from coord.guardrail_rules r where r.project_id = v_call.project_id and r.rule = p_rule) then
    return coord._refuse(v_call, 'not_found', 'The project has set no such rule.', 'See list_guardrail_rules.');
  end if;
  v_version := coord._next_guardrails_version(v_call.project_id);
  delete from coord.guardrail_rules r where r.project_id = v_call.project_id and r.rule = p_rule;
  return coord._leave(v_call, jsonb_build_object('deleted', true, 'rule', p_rule, 'version', v_version),
    'guardrail_rule:' || p_rule, jsonb_build_object('version', v_version));
end
$$;

grant execute on function coord.delete_guardrail_rule to coord_app;

-- guardrails/guard_call.sql
-- Whether a call may go on in whose input core has found violations: {"warnings": [...], "repeats": false}, or the error
-- that the call is answered with, journalled as its own refusal. Asked before the call, and only when something was found.
-- A call that repeats an earlier one goes on as a repetition, whatever the rules say now: it is answered what that was, and
-- nothing is kept a second time. That it is one, the call then says itself, so that it is refused if what it repeats has
-- been forgotten meanwhile (see _replay).
create function coord.guard_call(p_caller jsonb, p_operation text, p_computed jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller - 'idempotency_key' - 'input', p_operation, false);
  v_verdict jsonb;
  v_first jsonb;
  v_repeats boolean;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_verdict := coord._judged(v_call, p_computed);
  v_first := v_verdict -> 'violations' -> 0;
  v_repeats := exists (
    select from coord.idempotency_keys k where k.project_id = v_call.project_id and k.agent = v_call.agent
      and k.key = p_caller ->> 'idempotency_key' and k.operation = p_operation
      and k.input_hash = coord._input_hash(p_caller -> 'input'));
  -- A refusal is a call like any other; one that goes on is counted by itself.
  if not v_repeats and not (v_verdict ->> 'safe')::boolean then
    v_call.answer := (select coord._count_call(v_call, s.restrictions, true) from coord.sessions s
      where s.project_id = v_call.project_id and s.session_id = v_call.session_id and s.restrictions ? 'calls_per_hour');
    if v_call.answer is not null then return v_call.answer; end if;
  end if;
  if not v_repeats then
    perform coord._record_violations(v_call, v_verdict);
  elsif not (v_verdict ->> 'safe')::boolean then
    return '{"warnings": [], "repeats": true}';
  end if;
  if not (v_verdict ->> 'safe')::boolean then
    return coord._refuse(v_call, 'forbidden',
      format('%s: rule %s. %s', v_first ->> 'field', v_first ->> 'rule', v_first ->> 'message'),
      format('%s%s', v_first ->> 'advice',
        ' Trust ' || (v_first ->> 'bypass_trust') || ' may do it all the same: ask somebody who has it.'),
      jsonb_build_object('reason', 'guardrail_violation') || v_verdict);
  end if;
  return jsonb_build_object('repeats', false, 'warnings', coalesce((
    select jsonb_agg(v.violation) from jsonb_array_elements(v_verdict -> 'violations') v(violation)
    where v.violation ->> 'severity' <> 'log'), '[]'));
end
$$;

grant execute on function coord.guard_call to coord_app;

-- guardrails/list_guardrail_rules.sql
-- What the project has set, by name; core adds what is built in.
create function coord.list_guardrail_rules(p_caller jsonb, p_computed jsonb default null) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'list_guardrail_rules');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  return coord._leave(v_call, coord.read_guardrails(v_call.project_id) || jsonb_build_object('rules', coalesce((
    select jsonb_agg(jsonb_build_object('rule', r.rule, 'category', r.category, 'severity', r.severity,
      'bypass_trust', r.bypass_trust, 'message', r.message, 'advice', r.advice, 'pattern', r.pattern,
      'set_by', r.set_by, 'set_at', r.set_at) order by r.rule)
    from coord.guardrail_rules r where r.project_id = v_call.project_id), '[]')));
end
$$;

grant execute on function coord.list_guardrail_rules to coord_app;

-- guardrails/list_guardrail_violations.sql
-- Violations of the project, newest first; pages by violation_id, which is ordered by time.
create function coord.list_guardrail_violations(
  p_caller jsonb, p_rule text default null, p_agent text default null, p_limit integer default 50,
  p_before uuid default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'list_guardrail_violations');
  v_violations jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  select coalesce(jsonb_agg(jsonb_build_object('violation_id', f.violation_id, 'happened_at', f.at, 'agent', f.agent,
    'session_id', f.session_id, 'operation', f.operation, 'rule', f.rule, 'category', f.category, 'severity', f.severity,
    'bypassed', f.bypassed, 'verdict', f.verdict, 'matched_text', f.matched_text, 'rules_version', f.rules_version)
    order by f.violation_id desc), '[]') into v_violations
  from (
    select v.* from coord.guardrail_violations v
    where v.project_id = v_call.project_id
      and (p_rule is null or v.rule = p_rule)
      and (p_agent is null or v.agent = p_agent)
      and (p_before is null or v.violation_id < p_before)
    order by v.violation_id desc limit p_limit + 1
  ) f;
  return coord._leave(v_call, jsonb_build_object(
    'violations', jsonb_path_query_array(v_violations, '$[0 to $n]', jsonb_build_object('n', p_limit - 1)),
    'next_before', case when jsonb_array_length(v_violations) > p_limit
      then v_violations -> (p_limit - 1) -> 'violation_id' end));
end
$$;

grant execute on function coord.list_guardrail_violations to coord_app;

-- guardrails/read_guardrails.sql
-- The rules of a project and their version, for core, which keeps them for a few seconds. One statement: both are of
-- the same moment.
create function coord.read_guardrails(p_project_id integer) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select jsonb_build_object(
    'version', coalesce((select v.version from coord.guardrail_versions v where v.project_id = p_project_id), 0),
    'rules', coalesce((
      select jsonb_agg(jsonb_build_object('rule', r.rule, 'pattern', r.pattern, 'category', r.category,
        'severity', r.severity, 'bypass_trust', r.bypass_trust, 'message', r.message, 'advice', r.advice) order by r.rule)
      from coord.guardrail_rules r where r.project_id = p_project_id), '[]'));
$$;

grant execute on function coord.read_guardrails to coord_app;

-- guardrails/set_guardrail_rule.sql
-- Sets a rule of the project, or what a built-in one weighs here; core has tried the pattern, and says in p_computed
-- which of both it is. It counts in every process within 5 s.
-- Concurrency: the row of the version is locked first, so two who change rules follow each other.
create function coord.set_guardrail_rule(
  p_caller jsonb, p_rule text, p_pattern text default null, p_category text default 'guard',
  p_severity text default 'block', p_bypass_trust integer default null, p_message text default null,
  p_advice text default null, p_matching_examples text[] default null, p_other_examples text[] default null,
  p_computed jsonb default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'set_guardrail_rule');
  v_version integer;
  v_replaced boolean;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if p_computed is null then
    return coord._refuse(v_call, 'invalid_input', 'Nobody has tried this rule.', 'Call set_guardrail_rule through a door.');
  end if;
  v_replaced := exists (
    select from coord.guardrail_rules r where r.project_id = v_call.project_id and r.rule = p_rule);
  if not v_replaced and (
    select count(*) >= 100 from coord.guardrail_rules r where r.project_id = v_call.project_id)
  then
    return coord._refuse(v_call, 'limit_exceeded', 'A project has at most 100 guardrail rules.',
      'Delete one, or put several patterns into one with `|`.');
  end if;
  v_version := coord._next_guardrails_version(v_call.project_id);
  insert into coord.guardrail_rules as r (project_id, rule, pattern, category, severity, bypass_trust, message, advice, set_by)
  values (v_call.project_id, p_rule, p_pattern, coalesce(p_computed ->> 'category', p_category), p_severity, p_bypass_trust,
    p_message, p_advice, v_call.agent)
  on conflict (project_id, rule) do update set pattern = excluded.pattern, category = excluded.category,
    severity = excluded.severity, bypass_trust = excluded.bypass_trust, message = excluded.message,
    advice = excluded.advice, set_by = excluded.set_by, set_at = clock_timestamp();
  return coord._leave(v_call, jsonb_build_object('rule', p_rule, 'replaced', v_replaced, 'version', v_version),
    'guardrail_rule:' || p_rule, jsonb_strip_nulls(jsonb_build_object('pattern', p_pattern, 'severity', p_severity,
      'bypass_trust', p_bypass_trust, 'version', v_version)));
end
$$;

grant execute on function coord.set_guardrail_rule to coord_app;

-- handoffs/read_handoff.sql
-- Handoffs, newest first: of the project, of one agent, or the one of that id.
create function coord.read_handoff(
  p_caller jsonb, p_agent text default null, p_handoff_id uuid default null, p_limit integer default 3
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'read_handoff');
  v_handoffs jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  select coalesce(jsonb_agg(to_jsonb(h) - 'project_id' order by h.created_at desc, h.handoff_id), '[]') into v_handoffs
  from coord._recent_handoffs(v_call.project_id, p_agent, p_handoff_id, p_limit) h;
  if p_handoff_id is not null and v_handoffs = '[]' then
    return coord._refuse(v_call, 'not_found', 'There is no such handoff.', 'Leave handoff_id out to see the newest.');
  end if;
  return coord._leave(v_call, jsonb_build_object('handoffs', v_handoffs));
end
$$;

grant execute on function coord.read_handoff to coord_app;

-- handoffs/write_handoff.sql
-- Leaves word for whoever works on next. A session may write several; then none is made for it when it ends. Each
-- counts as ten messages, because all are shown it (see _silent_until).
-- Concurrency: the session's row is shared until the commit. An end that comes first leaves nothing to write for; one
-- that comes second waits for this commit, and so its journal is looked at with this handoff there.
create function coord.write_handoff(
  p_caller jsonb, p_summary text, p_completed text[] default null, p_in_progress text[] default null,
  p_decisions text[] default null, p_next_steps text[] default null, p_relevant_files text[] default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'write_handoff');
  v_agent_type text;
  v_handoff_id uuid := coord._new_id();
  v_until timestamptz;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if octet_length(concat(p_summary, p_completed, p_in_progress, p_decisions, p_next_steps, p_relevant_files)) > 32768 then
    return coord._refuse(v_call, 'invalid_input', 'summary: all of the handoff together is longer than 32 KiB',
      'Say what the next session needs; it finds the rest in files and commits.');
  end if;
  select s.agent_type into v_agent_type from coord.sessions s
  where s.project_id = v_call.project_id and s.session_id = v_call.session_id and s.ended_at is null
  for share;
  if not found then return coord._refuse_ended(v_call); end if;
  v_until := coord._silent_until(v_call, 10);
  if v_until is not null then return coord._refuse_silent(v_call, v_until); end if;
  insert into coord.handoffs (project_id, handoff_id, session_id, agent, agent_type, summary, completed, in_progress,
    decisions, next_steps, relevant_files)
  values (v_call.project_id, v_handoff_id, v_call.session_id, v_call.agent, v_agent_type, p_summary,
    coalesce(p_completed, '{}'), coalesce(p_in_progress, '{}'), coalesce(p_decisions, '{}'),
    coalesce(p_next_steps, '{}'), coord._normal_paths(coalesce(p_relevant_files, '{}')));
  return coord._leave(v_call, jsonb_build_object('handoff_id', v_handoff_id), 'handoff:' || v_handoff_id,
    jsonb_build_object('summary', left(p_summary, 200)));
end
$$;

grant execute on function coord.write_handoff to coord_app;

-- journal/follow_events.sql
-- Events of several projects, each after its own cursor ({"<project_id>": "<cursor>"}), at most p_limit or a page's
-- bytes of each: what a process asks that follows the journal for all its subscribers, who were let in by list_events.
-- Projects with nothing to tell are left out; more: that was not all; delay_seconds: see _event_delay. That nothing is
-- skipped, and p_closely: see _horizon.
-- Planned once: a plan for the limit of each call looks cheaper than it is, because making it takes longer than
-- reading.
create function coord.follow_events(p_cursors jsonb, p_limit integer, p_closely boolean) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
  v_horizon xid8 := coord._horizon(p_closely);
begin
  return (
    select coalesce(json_agg(json_build_object('project_id', w.key::integer, 'events', coalesce(f.events, '[]'),
      'more', f.more, 'delay_seconds', d.seconds))
      filter (where f.events is not null or d.seconds is not null), '[]')
    from jsonb_each_text(p_cursors) w
    cross join lateral coord._next_events(w.key::integer, w.value, v_horizon, p_limit) f
    cross join lateral (select coord._event_delay(w.key::integer, v_horizon) as seconds) d);
end
$$;

grant execute on function coord.follow_events to coord_app;

-- journal/list_events.sql
-- What happened in the project, in the order of commits, from a cursor on; without one from the oldest that is kept.
-- `now` answers the cursor from which everything is to come. Whoever goes on from the cursor of each answer misses
-- nothing and sees nothing twice; see _read_events.
create function coord.list_events(
  p_caller jsonb, p_after text default null, p_subject text default null, p_agent text default null,
  p_operation text default null, p_task_id uuid default null, p_session_id uuid default null,
  p_limit integer default 50, p_wait_seconds integer default 0
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'list_events');
  v_floor text;
  v_horizon xid8 := coord._horizon(false);
  v_page record;
  v_delay integer;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if coord._event_delay(v_call.project_id, v_horizon) is not null then v_horizon := coord._horizon(true); end if;
  select coalesce((
    select f.xact_id || '-' || f.entry_id from coord.journal_floors f where f.project_id = v_call.project_id), '0-0')
  into v_floor;
  if p_after = 'now' then
    return coord._leave(v_call, jsonb_build_object('received', true, 'events', '[]'::jsonb, 'more', false, 'cursor',
      coalesce((
        select j.xact_id || '-' || j.entry_id from coord.journal j
        where j.project_id = v_call.project_id and j.xact_id < v_horizon
        order by j.xact_id desc, j.entry_id desc limit 1), v_floor)));
  end if;
  v_call.answer := coord._refuse_cursor(v_call, coalesce(p_after, '0-0'), v_floor, v_horizon);
  if v_call.answer is not null then return v_call.answer; end if;
  v_page := coord._read_events(v_call.project_id, v_horizon, coalesce(nullif(p_after, '0-0'), v_floor),
    p_subject, p_agent, p_operation, p_task_id, p_session_id, p_limit);
  v_delay := coord._event_delay(v_call.project_id, v_horizon);
  return coord._leave(v_call, jsonb_build_object('received', v_page.events <> '[]' or v_page.is_more,
    'events', v_page.events, 'more', v_page.is_more, 'cursor', v_page.cursor)
    || case when v_delay >= 2 then jsonb_build_object('delay_seconds', v_delay) else '{}' end);
end
$$;

grant execute on function coord.list_events to coord_app;

-- journal/query_audit.sql
-- Who did what to what, when, with which outcome, and how long it took: rows of the journal, newest first, in pages.
-- Whoever may read the project may ask; it shows what list_events does. What commits while somebody pages may stand
-- above where he began; who must miss nothing follows events.
create function coord.query_audit(
  p_caller jsonb, p_agent text default null, p_operation text default null, p_resource text default null,
  p_outcome text default null, p_session_id uuid default null, p_since timestamptz default null,
  p_until timestamptz default null, p_before text default null, p_limit integer default 50
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set jit = off
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'query_audit');
  v_page record;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_page := coord._find_entries(v_call.project_id, p_before, p_agent, p_operation, p_resource, p_outcome, p_session_id,
    p_since, p_until, p_limit);
  return coord._leave(v_call, jsonb_build_object('entries', v_page.entries, 'before', v_page.before));
end
$$;

grant execute on function coord.query_audit to coord_app;

-- keys/authenticate_key.sql
-- Which project a key is of, and until when it works; null when it is unknown, wrong, expired or revoked, so that a
-- prober learns nothing.
-- Called by the HTTP door before it knows the project; the door may remember a positive answer for 5 s, which is safe
-- because revoking a key ends its sessions at once and no session is opened for a dead key (see _open_session).
create function coord.authenticate_key(p_key_id text, p_secret_hash text) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select jsonb_build_object('project_id', k.project_id, 'expires_at', k.expires_at)
  from coord.api_keys k
  where k.key_id = p_key_id and k.secret_hash = p_secret_hash
    and k.revoked_at is null and (k.expires_at is null or k.expires_at > clock_timestamp());
$$;

grant execute on function coord.authenticate_key to coord_app;

-- keys/create_key.sql
-- Makes a key of the caller's project. Nobody can make a key that is
-- trusted more than himself, or has more scopes, and nobody whom a profile limits makes keys at all. The answer is the
-- only place where the secret ever stands: a repetition with the same idempotency key is told so instead.
create function coord.create_key(
  p_caller jsonb, p_agent text, p_agent_type text default 'cloud', p_trust integer default 2,
  p_scopes text[] default null, p_description text default null, p_expires_in_days integer default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'create_key');
  v_key record := coord._new_key();
  v_trust smallint := coord._trust(v_call);
  v_expires_at timestamptz := clock_timestamp() + make_interval(days => p_expires_in_days);
begin
  v_call.answer := coalesce(v_call.answer, coord._refuse_administration(v_call));
  if v_call.answer is not null then return v_call.answer; end if;
  perform coord._refuse_words('scopes', p_scopes);
  if p_trust > v_trust or coord._exceeds_scopes(v_call, p_scopes) then
    return coord._refuse(v_call, 'forbidden', 'A key cannot be trusted more than its maker, or have more scopes.',
      format('Ask for trust %s or less, and for scopes that you have.', v_trust));
  end if;
  insert into coord.api_keys (key_id, project_id, secret_hash, agent, agent_type, trust, scopes, description, expires_at,
    made_by, made_with)
  values (v_key.key_id, v_call.project_id, v_key.secret_hash, p_agent, p_agent_type, p_trust, p_scopes, p_description,
    v_expires_at, v_call.agent, p_caller ->> 'key_id');
  return coord._leave(v_call,
    jsonb_build_object('key_id', v_key.key_id, 'agent', p_agent, 'trust', p_trust, 'scopes', p_scopes,
      'expires_at', v_expires_at, 'api_key', v_key.api_key),
    'key:' || v_key.key_id, jsonb_strip_nulls(jsonb_build_object('agent', p_agent, 'trust', p_trust, 'scopes', p_scopes)),
    p_kept => coord._key_shown_already(v_key.key_id));
end
$$;

grant execute on function coord.create_key to coord_app;

-- keys/import_key.sql
-- Makes a key known that people have chosen themselves, by its hash: what a server asks at its start for each key of
-- its configuration. `imported` says whether it is new, `live` whether it works: it does not once it was revoked, or
-- when it belongs to another project.
-- Concurrency: many servers may start at once; the primary key decides.
create function coord.import_key(p_project_id integer, p_key_id text, p_secret_hash text, p_agent text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  insert into coord.api_keys (key_id, project_id, secret_hash, agent, agent_type, trust, description, made_by)
  values (p_key_id, p_project_id, p_secret_hash, p_agent, 'cloud', 2, 'From the configuration of the server.',
    'COORDINATION_API_KEYS')
  on conflict (key_id) do nothing;
  if found then
    perform coord._journal(p_project_id, 'create_key', 'key:' || p_key_id, 'ok',
      jsonb_build_object('agent', p_agent, 'trust', 2, 'imported', true));
    return '{"imported": true, "live": true}';
  end if;
  return jsonb_build_object('imported', false, 'live', exists (
    select from coord.api_keys k where k.key_id = p_key_id and k.project_id = p_project_id
      and k.secret_hash = p_secret_hash and k.revoked_at is null));
end
$$;

grant execute on function coord.import_key to coord_app;

-- keys/list_keys.sql
-- Keys of the caller's project, newest first, without anything secret.
create function coord.list_keys(p_caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'list_keys');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  return coord._leave(v_call, jsonb_build_object('keys', coalesce((
    select jsonb_agg(jsonb_build_object('key_id', k.key_id, 'agent', k.agent, 'agent_type', k.agent_type,
      'trust', k.trust, 'scopes', k.scopes, 'description', k.description, 'created_at', k.created_at, 'expires_at', k.expires_at,
      'revoked_at', k.revoked_at, 'rotated_from', k.rotated_from) order by k.created_at desc)
    from coord.api_keys k where k.project_id = v_call.project_id), '[]')));
end
$$;

grant execute on function coord.list_keys to coord_app;

-- keys/revoke_key.sql
-- Stops a key of the caller's project and ends its sessions. Revoking twice keeps the first time.
-- Concurrency: the key's row is locked first, and _open_session reads it under a share lock, so no session can be
-- opened for the key behind this function's back. Sessions whose calls are under way, of which somebody may make ever
-- more, are waited for for a tenth of a second each: then they are left to the sweeper, and the key is revoked all the same.
create function coord.revoke_key(p_caller jsonb, p_key_id text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'revoke_key');
  v_revoked_at timestamptz;
  v_ended integer;
  v_timeout constant text := current_setting('lock_timeout');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  update coord.api_keys k set revoked_at = coalesce(k.revoked_at, clock_timestamp())
  where k.key_id = p_key_id and k.project_id = v_call.project_id and k.trust <= coord._trust(v_call)
  returning k.revoked_at into v_revoked_at;
  if not found then
    return coord._refuse(v_call, 'not_found', 'There is no such key in this project.', 'List them: agentcoord keys list.');
  end if;
  begin
    perform set_config('lock_timeout', '100ms', true);
    select count(*) into v_ended
    from coord._end_sessions(v_call.project_id, array(select s.session_id from coord.sessions s
      where s.project_id = v_call.project_id and s.key_id = p_key_id and s.ended_at is null), 'key revoked', true);
  exception when lock_not_available or deadlock_detected then
    v_ended := 0;
  end;
  perform set_config('lock_timeout', v_timeout, true);
  return coord._leave(v_call,
    jsonb_build_object('key_id', p_key_id, 'revoked_at', v_revoked_at, 'ended_sessions', v_ended), 'key:' || p_key_id);
end
$$;

grant execute on function coord.revoke_key to coord_app;

-- keys/rotate_key.sql
-- Makes the key that follows another one: same agent, kind, trust, scopes and time of life. The old one works on for
-- the overlap, so that who uses it can change over, and its sessions end with it. At most two of a line live at once.
-- Concurrency: the old key's row is locked first, as in revoke_key: two that rotate it at once get one key and a
-- conflict.
create function coord.rotate_key(p_caller jsonb, p_key_id text, p_overlap_seconds integer default 86400) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'rotate_key');
  v_old coord.api_keys;
  v_key record := coord._new_key();
  v_ends_at timestamptz;
  v_expires_at timestamptz;
begin
  v_call.answer := coalesce(v_call.answer, coord._refuse_administration(v_call));
  if v_call.answer is not null then return v_call.answer; end if;
  select k.* into v_old from coord.api_keys k
  where k.key_id = p_key_id and k.project_id = v_call.project_id and k.trust <= coord._trust(v_call)
    and k.revoked_at is null and (k.expires_at is null or k.expires_at > clock_timestamp()) for update;
  if not found or coord._exceeds_scopes(v_call, v_old.scopes) then
    return coord._refuse(v_call, 'not_found', 'There is no such living key in this project.', 'List them: agentcoord keys list.');
  end if;
  perform from coord.api_keys k
  where k.project_id = v_call.project_id and (k.rotated_from = p_key_id or k.key_id = v_old.rotated_from)
    and k.revoked_at is null and (k.expires_at is null or k.expires_at > clock_timestamp());
  if found then
    return coord._refuse(v_call, 'conflict', 'Two keys of this line live already.',
      'Wait until the older one has expired, or revoke it: agentcoord keys list shows both.', '{"reason": "key_rotated"}');
  end if;
  v_expires_at := clock_timestamp() + (v_old.expires_at - v_old.created_at);
  v_ends_at := least(v_old.expires_at, clock_timestamp() + make_interval(secs => p_overlap_seconds));
  insert into coord.api_keys (key_id, project_id, secret_hash, agent, agent_type, trust, scopes, description, expires_at,
    made_by, made_with, rotated_from)
  values (v_key.key_id, v_call.project_id, v_key.secret_hash, v_old.agent, v_old.agent_type, v_old.trust, v_old.scopes,
    v_old.description, v_expires_at, v_call.agent, p_caller ->> 'key_id', p_key_id);
  update coord.api_keys k set expires_at = v_ends_at where k.key_id = p_key_id;
  perform from coord.sessions s
  where s.project_id = v_call.project_id and s.key_id = p_key_id and s.ended_at is null order by s.session_id for update;
  update coord.sessions s set valid_until = least(s.valid_until, v_ends_at),
    lease_expires_at = least(s.lease_expires_at, v_ends_at), fresh_until = least(s.fresh_until, v_ends_at)
  where s.project_id = v_call.project_id and s.key_id = p_key_id and s.ended_at is null;
  return coord._leave(v_call,
    jsonb_build_object('key_id', v_key.key_id, 'api_key', v_key.api_key, 'agent', v_old.agent, 'trust', v_old.trust,
      'scopes', v_old.scopes, 'expires_at', v_expires_at, 'rotated_from', p_key_id, 'old_expires_at', v_ends_at),
    'key:' || v_key.key_id, jsonb_build_object('agent', v_old.agent, 'rotated_from', p_key_id, 'old_expires_at', v_ends_at),
    p_kept => coord._key_shown_already(v_key.key_id));
end
$$;

grant execute on function coord.rotate_key to coord_app;

-- locks/acquire_lock.sql
-- Locks files, trees, globs and names for the calling session, all or none; acquiring again renews. A lock that
-- somebody else has is an answer, not an error. With p_wait_seconds the caller is put into the queue and has to ask
-- again; core does that.
-- Concurrency: a free plain file is taken by one UPDATE, whose condition holds under the row lock; see the table for
-- `guarded`, and _take for the rest. Rows are kept under normal forms only, so a path that finds one is in it. `xmax`
-- leaves out a row that somebody else is just working on: an UPDATE that waits for it and is refused keeps its lock.
create function coord.acquire_lock(
  p_caller jsonb, p_paths text[], p_reason text default null, p_ttl_seconds integer default 900,
  p_shared boolean default false, p_wait_seconds integer default 0
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'acquire_lock');
  v_answer jsonb;
begin
  if v_call.answer is not null or v_call.extra ? 'limits' or p_shared or p_paths[2] is not null then
    return coord._acquire(v_call, p_paths, p_reason, p_ttl_seconds, p_shared, p_wait_seconds);
  end if;
  update coord.locks l set token = l.token + 1, session_id = v_call.session_id, reason = p_reason,
    acquired_at = clock_timestamp(), expires_at = clock_timestamp() + p_ttl_seconds * interval '1 second'
  where l.project_id = v_call.project_id and l.path = p_paths[1] and l.session_id is null and not l.guarded
    and l.xmax = 0
  returning jsonb_build_object('acquired', true, 'locks', jsonb_build_array(jsonb_build_object('path', l.path,
    'token', l.token, 'expires_at', l.expires_at, 'renewed', false))) into v_answer;
  if v_answer is null then
    return coord._acquire(v_call, p_paths, p_reason, p_ttl_seconds, p_shared, p_wait_seconds);
  end if;
  return coord._leave(v_call, v_answer, p_paths[1], v_answer);
end
$$;

grant execute on function coord.acquire_lock to coord_app;

-- locks/check_locks.sql
-- Locks that are held now: those that overlap the given paths, or all of the project; in path order.
create function coord.check_locks(p_caller jsonb, p_paths text[] default null, p_limit integer default 200) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'check_locks');
  v_paths text[];
  v_rows text[];
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if p_paths is not null then
    v_paths := coord._normal_paths(p_paths);
    if (select count(*) from unnest(v_paths) p(path) where coord._is_glob(p.path)) > 10 then
      return coord._refuse(v_call, 'limit_exceeded', 'paths: 10 globs at most, as an agent may lock',
        'Ask for their folder, such as src/, or several times.', '{"reason": "too_many_scopes"}');
    end if;
    v_rows := coord._overlapping_rows(v_call.project_id, v_paths);
  end if;
  return coord._leave(v_call, coord._list_locks(v_call.project_id, v_call.session_id, v_rows, p_limit));
end
$$;

grant execute on function coord.check_locks to coord_app;

-- locks/force_release_lock.sql
-- Frees paths whoever holds them, shared ones too, for callers of trust 3, and tells each holder. The paths are named
-- as they were locked: forcing src/ does not force src/a.ts.
-- Concurrency: rows in path order, then shares; a lock that passes on meanwhile is forced from its new holder.
create function coord.force_release_lock(p_caller jsonb, p_paths text[], p_reason text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'force_release_lock');
  v_paths text[];
  v_held record;
  v_freed jsonb := '[]';
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_paths := coord._normal_paths(p_paths);
  perform coord._serialize_locks(v_call.project_id);
  perform from coord.locks l where l.project_id = v_call.project_id and l.path = any (v_paths)
  order by l.path for update;
  for v_held in select h.* from coord._held_locks(v_call.project_id, v_paths, null) h loop
    v_freed := v_freed || jsonb_build_object('path', v_held.path, 'agent', v_held.agent,
      'session_id', v_held.session_id, 'reason', v_held.reason);
    perform coord._tell_holder(v_call.project_id, v_held.session_id, jsonb_build_object('kind', 'lock_forced',
      'message', format('%s has taken your lock on %s away: %s. Stop writing there, and look at what changed.',
        v_call.agent, v_held.path, p_reason),
      'path', v_held.path, 'by', v_call.agent, 'reason', p_reason));
  end loop;
  update coord.locks l set session_id = null, reason = null, task_id = null
  where l.project_id = v_call.project_id and l.path = any (v_paths) and l.session_id is not null;
  delete from coord.lock_shares s where s.project_id = v_call.project_id and s.path = any (v_paths);
  return coord._leave(v_call, jsonb_build_object('freed', v_freed), v_paths[1],
    jsonb_build_object('reason', p_reason, 'freed', v_freed));
end
$$;

grant execute on function coord.force_release_lock to coord_app;

-- locks/release_lock.sql
-- Releases locks of the calling session; says of every other path why it was not its to release.
-- Concurrency: one guarded UPDATE a path, in path order; a lock that has passed on matches nothing and is left alone.
create function coord.release_lock(p_caller jsonb, p_paths text[], p_tokens bigint[] default null) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'release_lock');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  update coord.locks l set session_id = null, reason = null, task_id = null
  where l.project_id = v_call.project_id and l.path = p_paths[1] and l.session_id = v_call.session_id
    and l.expires_at > clock_timestamp() and p_paths[2] is null
    and l.token = coalesce(p_tokens[1], l.token) and p_tokens[2] is null;
  if not found then return coord._release_locks(v_call, p_paths, p_tokens); end if;
  return coord._leave(v_call, jsonb_build_object('released', true, 'released_paths', p_paths,
    'not_held', '[]'::jsonb), p_paths[1]);
end
$$;

grant execute on function coord.release_lock to coord_app;

-- messages/read_inbox.sql
-- What needs the caller: messages, mentions, assigned tasks, decided approvals, lost locks; the oldest first. Reading
-- marks for this session alone. Whoever must not lose an item with a lost answer repeats the call with its idempotency
-- key, or reads with p_mark_read false and names what it has got in p_read_item_ids. p_wait_seconds is for whoever
-- calls: waiting is not done here.
-- An empty inbox costs two probes and writes nothing: nothing for the agent, nor for all, is as new as its floor. To
-- ask whether something exists above it would let Postgres hope to meet it at once, and read the whole table. For what
-- is not empty, see _read_inbox.
create function coord.read_inbox(
  p_caller jsonb, p_mark_read boolean default true, p_read_item_ids uuid[] default null, p_limit integer default 20,
  p_wait_seconds integer default 0
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'read_inbox');
  v_reader coord.inbox_readers;
  v_newest xid8;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_reader := coord._inbox_reader(v_call);
  v_newest := greatest((
    select i.xact_id from coord.inbox_items i where i.project_id = v_call.project_id and i.agent = v_call.agent
    order by i.xact_id desc, i.item_id desc limit 1), (
    select i.xact_id from coord.inbox_items i where i.project_id = v_call.project_id and i.agent = ''
    order by i.xact_id desc, i.item_id desc limit 1));
  if p_read_item_ids is null and coalesce(v_newest < v_reader.floor, true) then
    -- Nobody reads the answers in between, so notices are left for the last one.
    if p_wait_seconds > 0 then v_call.extra := nullif(v_call.extra - 'notices', '{}'); end if;
    return coord._leave(v_call, '{"received": false, "items": [], "more": false}', p_kept => 'null');
  end if;
  return coord._read_inbox(v_call, v_reader, p_mark_read, p_read_item_ids, p_limit, p_wait_seconds);
end
$$;

grant execute on function coord.read_inbox to coord_app;

-- messages/send_message.sql
-- Tells one agent something, or everybody when p_to is null. It is one row, whoever reads it; see _unread for who does.
-- Concurrency: agents are never deleted, so the recipient that was found stays. A message is in the inbox when this
-- commits; readers do not depend on the order in which that happens.
create function coord.send_message(p_caller jsonb, p_text text, p_to text default null) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'send_message');
  v_item_id uuid := coord._new_id();
  v_until timestamptz;
  v_present integer;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if coord._unknown_agent(v_call.project_id, array[p_to]) is not null then
    return coord._refuse(v_call, 'not_found', format('to: there is no agent %s in this project.', p_to),
      'See discover_agents for names, or leave `to` out to tell everybody.');
  end if;
  v_until := coord._silent_until(v_call, case when p_to is null then 10 else 1 end);
  if v_until is not null then return coord._refuse_silent(v_call, v_until); end if;
  insert into coord.inbox_items (project_id, item_id, agent, from_session_id, kind, item)
  values (v_call.project_id, v_item_id, coalesce(p_to, ''), v_call.session_id, 'message',
    jsonb_build_object('from', v_call.agent, 'to_all', p_to is null, 'text', p_text));
  select count(*) into v_present from coord.sessions s
  where s.project_id = v_call.project_id and s.ended_at is null and s.lease_expires_at > clock_timestamp()
    and s.session_id <> v_call.session_id and (p_to is null or s.agent = p_to);
  return coord._leave(v_call, jsonb_build_object('sent', true, 'item_id', v_item_id, 'sessions', v_present),
    'message:' || v_item_id, jsonb_build_object('to', p_to));
end
$$;

grant execute on function coord.send_message to coord_app;

-- network/check_network.sql
-- Whether the caller may reach a host, by the rules, and counts the decision. Core has read the host out of what the
-- caller gave and says so in p_computed: {"host", "port"} in their one form, or {"problem"}; without it p_host has to
-- be in that form itself. A name may resolve to anything: whoever connects gives the addresses it found. Each that is
-- private needs a rule that names it, too, and a rule that denies an address or its network denies every name that
-- leads there, unless the name is allowed with a lower priority number.
create function coord.check_network(
  p_caller jsonb, p_host text, p_addresses text[] default '{}', p_computed jsonb default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'check_network');
  v_host text := coalesce(p_computed ->> 'host', p_host);
  v_rule coord.network_rules;
  v_address text;
  v_address_rule coord.network_rules;
  v_reason text;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if p_computed ? 'problem' or (coord._address(v_host) is null and not coord._is_host_name(v_host)) then
    return coord._refuse(v_call, 'invalid_input', 'host: ' || coalesce(p_computed ->> 'problem', 'names no host'),
      'Give a URL or a host such as https://github.com/ or registry.npmjs.org:443.');
  end if;
  v_rule := coord._network_rule_for(v_call, v_host);
  v_reason := case v_rule.action when 'allow' then 'rule' when 'deny' then 'denied_by_rule'
    else case when coord._is_private_host(v_host, coord._address(v_host)) then 'private' else 'no_rule' end end;
  foreach v_address in array case when v_reason = 'rule' then p_addresses else '{}' end loop
    v_address_rule := coord._network_rule_for(v_call, v_address);
    if v_address_rule.action = 'deny' and v_address_rule.kind = 'network'
      and v_address_rule.priority <= v_rule.priority then
      v_reason := 'denied_by_rule';
      v_rule := v_address_rule;
      exit;
    end if;
    -- What is no address to Postgres may be one to whoever connects, whatever a rule says about names.
    if coord._address(v_address) is null
      or (coord._is_private_host(v_address, coord._address(v_address)) and v_address_rule.action is distinct from 'allow')
    then
      v_reason := 'private_address';
    end if;
  end loop;
  perform coord._count_decision(v_call, v_host, v_reason = 'rule', v_rule.rule);
  return coord._leave(v_call, jsonb_build_object('allowed', v_reason = 'rule', 'host', v_host,
    'port', p_computed -> 'port', 'reason', v_reason, 'rule', v_rule.rule, 'hint', case v_reason
      when 'rule' then 'It may be reached.'
      when 'denied_by_rule' then format('The rule %s denies it. Do without it, or ask an administrator.', v_rule.rule)
      when 'no_rule' then 'No rule allows it. Do without it, or ask an administrator for set_network_rule.'
      when 'private' then 'It is on this machine or in a private network, and no rule names it.'
      else 'The name leads to a private address that no rule names. Ask an administrator.' end));
end
$$;

grant execute on function coord.check_network to coord_app;

-- network/delete_network_rule.sql
-- Removes a rule; it counts from the next decision on.
create function coord.delete_network_rule(p_caller jsonb, p_rule text, p_all_projects boolean default false) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'delete_network_rule');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if p_all_projects and p_caller ->> 'key_id' is not null then return coord._refuse_for_all(v_call); end if;
  delete from coord.network_rules r
  where r.project_id = case when p_all_projects then 0 else v_call.project_id end and r.rule = p_rule;
  if not found then
    return coord._refuse(v_call, 'not_found', 'There is no such rule.', 'See list_network_rules.');
  end if;
  return coord._leave(v_call, jsonb_build_object('deleted', true, 'rule', p_rule), 'network_rule:' || p_rule,
    jsonb_build_object('all_projects', p_all_projects));
end
$$;

grant execute on function coord.delete_network_rule to coord_app;

-- network/list_network_decisions.sql
-- What was decided about hosts, an hour, an agent and a verdict a row, newest first.
create function coord.list_network_decisions(
  p_caller jsonb, p_agent text default null, p_allowed boolean default null, p_limit integer default 50
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'list_network_decisions');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  return coord._leave(v_call, jsonb_build_object('decisions', coalesce((
    select jsonb_agg(jsonb_build_object('agent', d.agent, 'host', d.host, 'allowed', d.allowed, 'rule', d.rule,
      'requests', d.requests, 'hour_at', d.hour, 'last_at', d.last_at) order by d.hour desc, d.last_at desc)
    from (
      select n.* from coord.network_decisions n
      where n.project_id = v_call.project_id and (p_agent is null or n.agent = p_agent)
        and (p_allowed is null or n.allowed = p_allowed)
      order by n.hour desc, n.last_at desc limit p_limit) d), '[]')));
end
$$;

grant execute on function coord.list_network_decisions to coord_app;

-- network/list_network_rules.sql
-- The rules that hold in the project, in the order in which they decide.
create function coord.list_network_rules(p_caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'list_network_rules');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  return coord._leave(v_call, jsonb_build_object('rules', coalesce((
    select jsonb_agg(jsonb_build_object('rule', r.rule, 'action', r.action, 'pattern', r.pattern, 'priority', r.priority,
      'agent', r.agent, 'profile', r.profile, 'agent_type', r.agent_type, 'all_projects', r.project_id = 0, 'set_by', r.set_by,
      'set_at', r.set_at)
      order by r.priority, r.specificity desc, r.agent is null, r.profile is null, r.agent_type is null, r.action = 'allow',
        r.project_id = 0, r.rule)
    from coord.network_rules r where r.project_id in (0, v_call.project_id)), '[]')));
end
$$;

grant execute on function coord.list_network_rules to coord_app;

-- network/set_network_rule.sql
-- Sets a rule, or replaces the one of that name; it counts from the next decision on. For all projects only on the
-- machine itself, and only there priority 0, before which nothing comes. Core gives the pattern in its one form as
-- p_computed.
-- Concurrency: the primary key decides between two who set it at once; the later one stands.
create function coord.set_network_rule(
  p_caller jsonb, p_rule text, p_action text, p_pattern text, p_priority integer default 50, p_agent text default null,
  p_profile text default null, p_agent_type text default null, p_all_projects boolean default false, p_computed jsonb default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'set_network_rule');
  v_project_id integer := case when p_all_projects then 0 else v_call.project_id end;
  v_pattern text := coalesce(p_computed ->> 'pattern', p_pattern);
  v_parts record := coord._network_pattern(v_pattern);
  v_replaced boolean := exists (
    select from coord.network_rules r where r.project_id = v_project_id and r.rule = p_rule);
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if p_all_projects and p_caller ->> 'key_id' is not null then
    return coord._refuse_for_all(v_call);
  elsif v_parts.kind is null then
    return coord._refuse(v_call, 'invalid_input', 'pattern: names no host, no network and nothing below a name',
      'Such as github.com, *.github.com, 10.0.0.0/8, or * for any public host.');
  elsif p_priority = 0 and not p_all_projects then
    return coord._refuse(v_call, 'invalid_input', 'priority: 0 is for rules of all projects', 'Use 1 to 100.');
  elsif not v_replaced and (select count(*) >= 500 from coord.network_rules r where r.project_id = v_project_id) then
    return coord._refuse(v_call, 'limit_exceeded', 'There are 500 rules already.', 'Delete what is not needed any more.');
  end if;
  insert into coord.network_rules as r (project_id, rule, action, pattern, kind, name, network, specificity, priority,
    agent, profile, agent_type, set_by)
  values (v_project_id, p_rule, p_action, v_pattern, v_parts.kind, v_parts.name, v_parts.network, v_parts.specificity,
    p_priority, p_agent, p_profile, p_agent_type, v_call.agent)
  on conflict (project_id, rule) do update set action = excluded.action, pattern = excluded.pattern, kind = excluded.kind,
    name = excluded.name, network = excluded.network, specificity = excluded.specificity, priority = excluded.priority,
    agent = excluded.agent, profile = excluded.profile, agent_type = excluded.agent_type, set_by = excluded.set_by, set_at = clock_timestamp();
  return coord._leave(v_call, jsonb_build_object('rule', p_rule, 'pattern', v_pattern, 'replaced', v_replaced),
    'network_rule:' || p_rule, jsonb_strip_nulls(jsonb_build_object('action', p_action, 'pattern', v_pattern,
      'priority', p_priority, 'agent', p_agent, 'profile', p_profile, 'agent_type', p_agent_type, 'all_projects', p_all_projects)));
end
$$;

grant execute on function coord.set_network_rule to coord_app;

-- network/starting_rules.sql
-- What agents may reach before anybody has said anything: where code and packages come from. For all projects; an
-- administrator of the machine may change or delete each.
insert into coord.network_rules (project_id, rule, action, pattern, kind, name, network, specificity, priority, set_by)
select 0, r.rule, 'allow', r.pattern, p.kind, p.name, p.network, p.specificity, 50, 'agentcoord'
from (values
  ('github', 'github.com'), ('github-subdomains', '*.github.com'), ('github-api', 'api.github.com'),
  ('github-raw', 'raw.githubusercontent.com'), ('npm', 'registry.npmjs.org'), ('pypi', 'pypi.org'),
  ('pypi-files', 'files.pythonhosted.org'), ('supabase', '*.supabase.co')
) r(rule, pattern)
cross join lateral coord._network_pattern(r.pattern) p;

-- policies/check_policy.sql
-- Whether the caller may call an operation, and why, without calling it. The database says what its frame would; where
-- a policy engine decides beside it, core adds what that says: {"engine", "allowed", "policies", "errors"}. Both have
-- to agree. Limits, such as calls an hour, are not asked: they change from call to call.
create function coord.check_policy(
  p_caller jsonb, p_operation text, p_resource text default null, p_context jsonb default null,
  p_computed jsonb default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'check_policy');
  -- Another name for an operation is that one, which core knows.
  v_operation text := coalesce(p_computed ->> 'operation', p_operation);
  v_needed smallint := coord._minimum_trust(v_operation);
  v_trust smallint := coord._trust(v_call);
  v_forbidden_by text := coord._forbidden_by((
    select s.restrictions from coord.sessions s
    where s.project_id = v_call.project_id and s.session_id = v_call.session_id), v_operation);
  v_errors jsonb := coalesce(p_computed -> 'errors', '[]');
  v_reason text := case
    when v_forbidden_by = 'suspended' then 'suspended'
    when v_forbidden_by is not null then 'operation_not_permitted'
    when v_trust < v_needed then 'insufficient_trust_level'
    when v_errors <> '[]' then 'policy_error'
    when coalesce((p_computed ->> 'allowed')::boolean, p_computed ->> 'engine' is distinct from 'cedar') then 'permitted'
    else 'operation_not_permitted' end;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if v_needed > 4 then
    return coord._refuse(v_call, 'not_found', 'There is no such operation.', 'See docs/operations.md for their names.');
  end if;
  return coord._leave(v_call, jsonb_build_object('allowed', v_reason = 'permitted', 'reason', v_reason,
    'engine', coalesce(p_computed ->> 'engine', 'native'),
    'diagnostics', jsonb_build_object('trust', v_trust, 'minimum_trust', v_needed,
      'policies', coalesce(p_computed -> 'policies', '[]'), 'errors', v_errors))
    || case when p_computed ->> 'engine' = 'native' and exists (
        select from unnest(array[0, v_call.project_id]) p(project_id)
        where (coord._current_policies(p.project_id)).policies <> '{}')
      then coord._unasked_policies() else '{}' end);
end
$$;

grant execute on function coord.check_policy to coord_app;

-- policies/delete_cedar_policy.sql
-- Removes a stored policy, in the next version of the set. A default policy of its name is in force again.
-- Concurrency: see _store_policies.
create function coord.delete_cedar_policy(
  p_caller jsonb, p_policy text, p_all_projects boolean default false, p_computed jsonb default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'delete_cedar_policy');
  v_project_id integer := case when p_all_projects then 0 else v_call.project_id end;
  v_seen integer := (p_computed ->> 'seen')::integer;
  v_policies jsonb := (coord._current_policies(v_project_id)).policies;
  v_refusal jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_refusal := coord._refuse_policies(v_call, p_caller, p_all_projects, p_computed);
  if v_refusal is not null then return v_refusal; end if;
  if not v_policies ? p_policy then
    return coord._refuse(v_call, 'not_found', 'There is no such stored policy.', 'See list_cedar_policies.');
  end if;
  return coord._leave_policies(v_call, p_all_projects, v_seen, v_policies - p_policy, 'delete ' || p_policy,
    jsonb_build_object('deleted', true, 'policy', p_policy));
end
$$;

grant execute on function coord.delete_cedar_policy to coord_app;

-- policies/list_cedar_policies.sql
-- The stored policies in force, those of all projects first, and the versions of the project's set, newest first.
create function coord.list_cedar_policies(p_caller jsonb, p_limit integer default 50) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'list_cedar_policies');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  return coord._leave(v_call, jsonb_build_object('policies', coalesce((
    select jsonb_agg(jsonb_build_object('policy', e.key, 'policy_text', e.value, 'all_projects', s.project_id = 0)
      order by s.project_id, e.key)
    from (values (0), (v_call.project_id)) s(project_id)
    cross join lateral jsonb_each_text((coord._current_policies(s.project_id)).policies) e), '[]'),
    'versions', coalesce((
      select jsonb_agg(jsonb_build_object('version', v.version, 'change', v.change, 'set_by', v.set_by, 'set_at', v.set_at,
        'all_projects', v.project_id = 0) order by v.set_at desc, v.version desc)
      from (
        select c.* from coord.cedar_policies c where c.project_id in (0, v_call.project_id)
        order by c.set_at desc, c.version desc limit p_limit) v), '[]')));
end
$$;

grant execute on function coord.list_cedar_policies to coord_app;

-- policies/read_policies.sql
-- What a policy engine outside the database needs to decide about a caller: who it is, as the frame would see it, and
-- the stored policies, left out when their versions are p_version. Asked beside the calls, every few seconds of use.
-- Answers a caller whom the frame would not know what the frame would answer.
create function coord.read_policies(p_caller jsonb, p_version jsonb default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_project_id integer := (p_caller ->> 'project_id')::integer;
  v_principal jsonb := coord._principal(p_caller);
  v_all record := coord._current_policies(0);
  v_own record := coord._current_policies(v_project_id);
  v_version jsonb := jsonb_build_object('all', v_all.version, 'own', v_own.version);
begin
  if v_principal is null then
    return coord._unknown_session();
  end if;
  v_principal := v_principal || jsonb_build_object('version', v_version,
    'project', (select p.name from coord.projects p where p.project_id = v_project_id));
  if v_version = p_version then return v_principal; end if;
  return v_principal || jsonb_build_object('policies', coalesce((
    select jsonb_agg(jsonb_build_object('policy', e.key, 'policy_text', e.value, 'all_projects', s.all_projects))
    from (values (v_all.policies, true), (v_own.policies, false)) s(policies, all_projects)
    cross join lateral jsonb_each_text(s.policies) e), '[]'));
end
$$;

grant execute on function coord.read_policies to coord_app;

-- policies/read_policy_version.sql
-- The policies of an earlier version, {name: text}, which core validates again before they are put in force; null for
-- one that is not kept, and for all projects where a key asks.
create function coord.read_policy_version(p_caller jsonb, p_version integer, p_all_projects boolean) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select coord._policies_of_version(case when p_all_projects then 0 else (p_caller ->> 'project_id')::integer end, p_version)
  where not (p_all_projects and p_caller ->> 'key_id' is not null);
$$;

grant execute on function coord.read_policy_version to coord_app;

-- policies/refuse_by_policy.sql
-- Refuses a call that a policy engine outside the database has denied, and journals it like any refusal. What the frame
-- itself has against the call comes first. Says which policies, and which errors: those deny, too.
create function coord.refuse_by_policy(p_caller jsonb, p_operation text, p_details jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, p_operation);
  v_failed boolean := jsonb_array_length(p_details -> 'errors') > 0;
  v_error jsonb;
begin
  if v_call.answer is not null and v_call.session_id is not null then return v_call.answer; end if;
  v_error := coord._error('forbidden',
    case when v_failed then format('The policies about %s cannot be evaluated, so it is not allowed.', p_operation)
      else format('A policy does not allow %s.', p_operation) end,
    case when v_failed
      then 'An administrator has to look at them: check_policy names the error, rollback_cedar_policies takes a change back.'
      else 'Do something else. check_policy says what you may do, and an administrator can change it.' end,
    p_details || case when v_failed then '{"reason": "policy_error"}'::jsonb
      else '{"reason": "operation_not_permitted"}' end);
  if v_call.session_id is not null then
    return coord._leave(v_call, v_error, 'session:' || v_call.session_id, v_error #> '{error,details}', 'forbidden');
  end if;
  -- Somebody who has no session yet, and may not even open one.
  perform coord._journal((p_caller ->> 'project_id')::integer, p_operation, 'project', 'forbidden',
    v_error #> '{error,details}', p_agent => coord._principal(p_caller) ->> 'agent');
  return v_error;
end
$$;

grant execute on function coord.refuse_by_policy to coord_app;

-- policies/rollback_cedar_policies.sql
-- Puts the policies of an earlier version in force again, as the next version. Core has validated them again, because
-- the schema may have changed since; see set_cedar_policy.
create function coord.rollback_cedar_policies(
  p_caller jsonb, p_version integer, p_all_projects boolean default false, p_computed jsonb default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'rollback_cedar_policies');
  v_project_id integer := case when p_all_projects then 0 else v_call.project_id end;
  v_seen integer := (p_computed ->> 'seen')::integer;
  v_policies jsonb := coord._policies_of_version(v_project_id, p_version);
  v_refusal jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_refusal := coord._refuse_policies(v_call, p_caller, p_all_projects, p_computed);
  if v_refusal is not null then return v_refusal; end if;
  if v_policies is null then
    return coord._refuse(v_call, 'not_found', 'There is no such version of the policies.',
      'See list_cedar_policies; the last hundred are kept. 0 is none.');
  end if;
  return coord._leave_policies(v_call, p_all_projects, v_seen, v_policies, 'rollback to ' || p_version,
    jsonb_build_object('rolled_back', true, 'from_version', v_seen));
end
$$;

grant execute on function coord.rollback_cedar_policies to coord_app;

-- policies/set_cedar_policy.sql
-- Stores a policy, or replaces the one of that name, in the next version of the set. Core has read and validated it and
-- says so in p_computed: {"problems": […], "seen": the version that it has read, "locks_out": true when the caller
-- could not take it back, "engine"}. For all projects only on the machine itself: a key administers its own project
-- alone.
-- Concurrency: see _store_policies; what was validated is what is stored, or nothing is.
create function coord.set_cedar_policy(
  p_caller jsonb, p_policy text, p_policy_text text, p_all_projects boolean default false, p_computed jsonb default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'set_cedar_policy');
  v_project_id integer := case when p_all_projects then 0 else v_call.project_id end;
  v_seen integer := (p_computed ->> 'seen')::integer;
  v_policies jsonb := (coord._current_policies(v_project_id)).policies;
  v_refusal jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_refusal := coord._refuse_policies(v_call, p_caller, p_all_projects, p_computed);
  if v_refusal is not null then return v_refusal; end if;
  return coord._leave_policies(v_call, p_all_projects, v_seen,
    v_policies || jsonb_build_object(p_policy, p_policy_text), 'set ' || p_policy,
    jsonb_build_object('policy', p_policy, 'replaced', v_policies ? p_policy)
      || case when p_computed ->> 'engine' = 'native' then coord._unasked_policies() else '{}' end);
end
$$;

grant execute on function coord.set_cedar_policy to coord_app;

-- policies/validate_cedar_policy.sql
-- Answers what core has found out about a policy. Stores nothing.
create function coord.validate_cedar_policy(
  p_caller jsonb, p_policy_text text, p_policy text default 'policy', p_computed jsonb default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'validate_cedar_policy');
  v_problems jsonb := p_computed -> 'problems';
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if v_problems is null then
    return coord._refuse(v_call, 'forbidden', 'The database cannot read a policy.',
      'Call the operation through the coordinator, not its function.');
  end if;
  return coord._leave(v_call, jsonb_build_object('valid', jsonb_array_length(v_problems) = 0, 'problems', v_problems));
end
$$;

grant execute on function coord.validate_cedar_policy to coord_app;

-- profiles/assign_profile.sql
-- Gives an agent, or all agents of a kind, a profile; living sessions have it at once.
create function coord.assign_profile(
  p_caller jsonb, p_profile text, p_agent text default null, p_agent_type text default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'assign_profile');
  v_kind text := case when p_agent is not null then 'agent' else 'agent_type' end;
  v_name text := coalesce(p_agent, p_agent_type);
begin
  v_call.answer := coalesce(v_call.answer, coord._refuse_administration(v_call));
  if v_call.answer is not null then return v_call.answer; end if;
  perform coord._one_of_both(p_agent, p_agent_type);
  perform coord._lock_profiles(v_call.project_id, false);
  perform from coord.profiles p where p.project_id = v_call.project_id and p.profile = p_profile;
  if not found then return coord._refuse_unknown_profile(v_call); end if;
  insert into coord.profile_assignments (project_id, kind, name, profile, assigned_by)
  values (v_call.project_id, v_kind, v_name, p_profile, v_call.agent)
  on conflict (project_id, kind, name) do update
    set profile = excluded.profile, assigned_by = excluded.assigned_by, assigned_at = clock_timestamp();
  return coord._leave(v_call, jsonb_build_object('profile', p_profile, 'kind', v_kind, 'name', v_name,
    'changed_sessions', coord._apply_profiles(v_call.project_id)),
    'profile:' || p_profile, jsonb_build_object('kind', v_kind, 'name', v_name));
end
$$;

grant execute on function coord.assign_profile to coord_app;

-- profiles/delete_profile.sql
-- Removes a profile that nobody is assigned. The default one stays.
create function coord.delete_profile(p_caller jsonb, p_profile text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'delete_profile');
begin
  v_call.answer := coalesce(v_call.answer, coord._refuse_administration(v_call));
  if v_call.answer is not null then return v_call.answer; end if;
  perform coord._lock_profiles(v_call.project_id, false);
  if p_profile = 'default' or exists (
    select from coord.profile_assignments a where a.project_id = v_call.project_id and a.profile = p_profile)
  then
    return coord._refuse(v_call, 'conflict', 'This profile is in use.',
      'Assign others first (list_profiles says who has it). The default one can be replaced by set_profile only.',
      '{"reason": "profile_in_use"}');
  end if;
  delete from coord.profiles p where p.project_id = v_call.project_id and p.profile = p_profile;
  if not found then return coord._refuse_unknown_profile(v_call); end if;
  return coord._leave(v_call, jsonb_build_object('deleted', true, 'profile', p_profile), 'profile:' || p_profile);
end
$$;

grant execute on function coord.delete_profile to coord_app;

-- profiles/get_my_profile.sql
-- What the calling session may do, why, and what is left of each limit. Not counted as a call itself.
create function coord.get_my_profile(p_caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'get_my_profile');
  v_session coord.sessions;
  v_authority record;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  select s.* into v_session from coord.sessions s
  where s.project_id = v_call.project_id and s.session_id = v_call.session_id;
  v_authority := coord._authority(v_call.project_id, v_session.agent, coalesce(v_session.delegated_from, v_session.agent),
    v_session.granted_type, v_session.granted_trust, v_session.key_id);
  v_call.extra := nullif(v_call.extra - 'limits', '{}');
  return coord._leave(v_call, jsonb_build_object(
    'project', (select p.name from coord.projects p where p.project_id = v_call.project_id),
    'agent', v_session.agent, 'agent_type', v_session.agent_type, 'session_id', v_session.session_id,
    'parent_session_id', v_session.parent_session_id, 'delegated_from', v_session.delegated_from,
    'key_id', v_session.key_id, 'profile', v_authority.profile, 'source', v_authority.source,
    'trust', v_authority.trust, 'credential_trust', v_session.granted_trust,
    'suspended', coalesce(v_authority.restrictions ? 'suspended', false),
    'scopes', v_authority.restrictions -> 'scopes',
    'allowed_operations', v_authority.restrictions -> 'allowed',
    'blocked_operations', coalesce(v_authority.restrictions -> 'blocked', '[]'),
    'ends_at', nullif(v_session.valid_until, 'infinity'),
    'limits', coord._limits_left(v_call.project_id, v_session, v_authority.restrictions, v_authority.session_seconds)));
end
$$;

grant execute on function coord.get_my_profile to coord_app;

-- profiles/list_profiles.sql
-- Profiles of the project, to whom they are assigned, and who is suspended.
create function coord.list_profiles(p_caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'list_profiles');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  return coord._leave(v_call, jsonb_build_object(
    'profiles', coalesce((
      select jsonb_agg(to_jsonb(p) - 'project_id' order by p.profile = 'default' desc, p.profile)
      from coord.profiles p where p.project_id = v_call.project_id), '[]'),
    'assignments', coalesce((
      select jsonb_agg(to_jsonb(a) - 'project_id' order by a.kind, a.name)
      from coord.profile_assignments a where a.project_id = v_call.project_id), '[]'),
    'suspensions', coalesce((
      select jsonb_agg(to_jsonb(s) - 'project_id' order by s.agent)
      from coord.suspensions s where s.project_id = v_call.project_id), '[]')));
end
$$;

grant execute on function coord.list_profiles to coord_app;

-- profiles/resume_agent.sql
-- Lifts a suspension. Nobody lifts his own: whoever is suspended is refused by the frame.
create function coord.resume_agent(p_caller jsonb, p_agent text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'resume_agent');
begin
  v_call.answer := coalesce(v_call.answer, coord._refuse_administration(v_call));
  if v_call.answer is not null then return v_call.answer; end if;
  perform coord._lock_profiles(v_call.project_id, false);
  delete from coord.suspensions s where s.project_id = v_call.project_id and s.agent = p_agent;
  if not found then
    return coord._refuse(v_call, 'not_found', 'No agent of that name is suspended.', 'See list_profiles.');
  end if;
  return coord._leave(v_call, jsonb_build_object('resumed', true, 'agent', p_agent,
    'changed_sessions', coord._apply_profiles(v_call.project_id)), 'agent:' || p_agent);
end
$$;

grant execute on function coord.resume_agent to coord_app;

-- profiles/set_profile.sql
-- Makes a profile, or replaces the one of that name as a whole; living sessions have it at once. See _apply_profiles.
create function coord.set_profile(
  p_caller jsonb, p_profile text, p_trust integer, p_description text default null,
  p_allowed_operations text[] default null, p_blocked_operations text[] default null,
  p_calls_per_hour integer default null, p_max_locks integer default null, p_max_files integer default null,
  p_session_seconds integer default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'set_profile');
  v_replaced boolean;
  v_profile jsonb;
begin
  v_call.answer := coalesce(v_call.answer, coord._refuse_administration(v_call));
  if v_call.answer is not null then return v_call.answer; end if;
  perform coord._refuse_words('allowed_operations', p_allowed_operations);
  perform coord._refuse_words('blocked_operations', p_blocked_operations);
  perform coord._lock_profiles(v_call.project_id, false);
  v_replaced := exists (
    select from coord.profiles p where p.project_id = v_call.project_id and p.profile = p_profile);
  insert into coord.profiles as p (project_id, profile, description, trust, allowed_operations, blocked_operations,
    calls_per_hour, max_locks, max_files, session_seconds, set_by)
  values (v_call.project_id, p_profile, p_description, p_trust, p_allowed_operations, p_blocked_operations,
    p_calls_per_hour, p_max_locks, p_max_files, p_session_seconds, v_call.agent)
  on conflict (project_id, profile) do update set description = excluded.description, trust = excluded.trust,
    allowed_operations = excluded.allowed_operations, blocked_operations = excluded.blocked_operations,
    calls_per_hour = excluded.calls_per_hour, max_locks = excluded.max_locks, max_files = excluded.max_files,
    session_seconds = excluded.session_seconds, set_by = excluded.set_by, set_at = clock_timestamp()
  returning to_jsonb(p) - '{project_id,set_by,set_at}'::text[] into v_profile;
  return coord._leave(v_call, jsonb_build_object('profile', p_profile, 'replaced', v_replaced,
    'changed_sessions', coord._apply_profiles(v_call.project_id)), 'profile:' || p_profile, jsonb_strip_nulls(v_profile));
end
$$;

grant execute on function coord.set_profile to coord_app;

-- profiles/suspend_agent.sql
-- Refuses everything to an agent, its subagents included, from its next call on. Its sessions live on, but their
-- heartbeats renew nothing: what they hold ends by itself. Suspending again changes the reason. Waits for no call of
-- theirs that is under way: those that come after it look at the suspension, at the latest once they are not fresh, in 5 s.
create function coord.suspend_agent(p_caller jsonb, p_agent text, p_reason text default null) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'suspend_agent');
begin
  v_call.answer := coalesce(v_call.answer, coord._refuse_administration(v_call));
  if v_call.answer is not null then return v_call.answer; end if;
  perform coord._lock_profiles(v_call.project_id, false);
  insert into coord.suspensions (project_id, agent, reason, suspended_by)
  values (v_call.project_id, p_agent, p_reason, v_call.agent)
  on conflict (project_id, agent) do update set reason = excluded.reason, suspended_by = excluded.suspended_by;
  return coord._leave(v_call, jsonb_build_object('suspended', true, 'agent', p_agent,
    'changed_sessions', coord._apply_profiles(v_call.project_id, p_skips => true)),
    'agent:' || p_agent, jsonb_strip_nulls(jsonb_build_object('reason', p_reason)));
end
$$;

grant execute on function coord.suspend_agent to coord_app;

-- profiles/unassign_profile.sql
-- Takes back the profile of an agent or of a kind of agents; what applies then is in force at once.
create function coord.unassign_profile(p_caller jsonb, p_agent text default null, p_agent_type text default null)
returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'unassign_profile');
  v_kind text := case when p_agent is not null then 'agent' else 'agent_type' end;
  v_name text := coalesce(p_agent, p_agent_type);
  v_profile text;
begin
  v_call.answer := coalesce(v_call.answer, coord._refuse_administration(v_call));
  if v_call.answer is not null then return v_call.answer; end if;
  perform coord._one_of_both(p_agent, p_agent_type);
  perform coord._lock_profiles(v_call.project_id, false);
  delete from coord.profile_assignments a
  where a.project_id = v_call.project_id and a.kind = v_kind and a.name = v_name returning a.profile into v_profile;
  if not found then
    return coord._refuse(v_call, 'not_found', 'Nothing is assigned to that name.', 'See list_profiles.');
  end if;
  return coord._leave(v_call, jsonb_build_object('profile', v_profile, 'kind', v_kind, 'name', v_name,
    'changed_sessions', coord._apply_profiles(v_call.project_id)),
    'profile:' || v_profile, jsonb_build_object('kind', v_kind, 'name', v_name));
end
$$;

grant execute on function coord.unassign_profile to coord_app;

-- projects/add_project_member.sql
-- Lets a Supabase user read the caller's project in dashboards, from the next query on. Adding twice changes nothing.
-- Concurrency: the primary key decides between two who add at once; one of them is told that it was there already.
create function coord.add_project_member(p_caller jsonb, p_user_id uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'add_project_member');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  insert into coord.project_members (project_id, user_id, added_by)
  values (v_call.project_id, p_user_id, v_call.agent) on conflict (project_id, user_id) do nothing;
  return coord._leave(v_call, jsonb_build_object('user_id', p_user_id, 'added', found),
    case when found then 'member:' || p_user_id end);
end
$$;

grant execute on function coord.add_project_member to coord_app;

-- projects/create_project.sql
-- Makes a project. Only for local administrators: a key, however trusted, administers its own project alone.
create function coord.create_project(p_caller jsonb, p_project text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'create_project');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if p_caller ->> 'key_id' is not null then
    return coord._refuse(v_call, 'forbidden', 'A key administers its own project only.',
      'Create projects on the machine that runs the coordinator: agentcoord projects create <project>.');
  end if;
  return coord._leave(v_call,
    jsonb_build_object('project', p_project, 'created', (coord._project(p_project)).created), 'project:' || p_project);
end
$$;

grant execute on function coord.create_project to coord_app;

-- projects/create_read_token.sql
-- What a token for reading the caller's project through PostgREST says. The process that asked signs it: the secret it
-- is signed with is in no database (see core's read_tokens). Times are the database's, which looks at them again when
-- the token is used. A repetition with the same idempotency key is signed to the same token.
create function coord.create_read_token(
  p_caller jsonb, p_expires_in_minutes integer default 60, p_computed jsonb default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'create_read_token');
  v_now timestamptz := date_trunc('second', clock_timestamp());
  v_expires_at timestamptz := v_now + make_interval(mins => p_expires_in_minutes);
  v_version integer;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if p_computed @> '{"can_sign": true}' is not true then
    return coord._refuse(v_call, 'conflict', 'The process that answers has no secret to sign tokens with.',
      'Set AGENTCOORD_JWT_SECRET, where the coordinator runs, to the secret that PostgREST checks tokens with.');
  end if;
  select p.read_token_version into v_version from coord.projects p where p.project_id = v_call.project_id;
  return coord._leave(v_call, jsonb_build_object('expires_at', v_expires_at, 'claims', jsonb_build_object(
      'role', 'authenticated', 'aud', 'authenticated', 'iss', 'agentcoord',
      'iat', extract(epoch from v_now)::bigint, 'exp', extract(epoch from v_expires_at)::bigint,
      'coord_project', jsonb_build_object('id', v_call.project_id, 'version', v_version))),
    'project:' || v_call.project_id, jsonb_build_object('expires_at', v_expires_at));
end
$$;

grant execute on function coord.create_read_token to coord_app;

-- projects/list_project_members.sql
-- Who may read the caller's project without its API, and whether everybody may.
create function coord.list_project_members(p_caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'list_project_members');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  return coord._leave(v_call, (
    select jsonb_build_object('visibility', case when p.is_public then 'public' else 'private' end,
      'members', coalesce((
        select jsonb_agg(jsonb_build_object('user_id', m.user_id, 'added_at', m.added_at, 'added_by', m.added_by)
          order by m.added_at, m.user_id)
        from coord.project_members m where m.project_id = p.project_id), '[]'))
    from coord.projects p where p.project_id = v_call.project_id));
end
$$;

grant execute on function coord.list_project_members to coord_app;

-- projects/list_projects.sql
-- Projects the caller administers: all for a local administrator, its own for a key.
create function coord.list_projects(p_caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'list_projects');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  return coord._leave(v_call, jsonb_build_object('projects', coalesce((
    select jsonb_agg(jsonb_build_object('project', p.name, 'created_at', p.created_at) order by p.name)
    from coord.projects p
    where p_caller ->> 'key_id' is null or p.project_id = v_call.project_id), '[]')));
end
$$;

grant execute on function coord.list_projects to coord_app;

-- projects/open_project.sql
-- Id of the project of that name, made when it is new unless p_make is false (then null): what a local process asks once,
-- before it has a caller.
create function coord.open_project(p_name text, p_make boolean default true) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_project record;
begin
  if not p_make then
    return (select to_jsonb(p.project_id) from coord.projects p where p.name = p_name);
  end if;
  v_project := coord._project(p_name);
  if v_project.created then
    perform coord._journal(v_project.project_id, 'create_project', 'project:' || p_name, 'ok');
  end if;
  return to_jsonb(v_project.project_id);
end
$$;

grant execute on function coord.open_project to coord_app;

-- projects/remove_project_member.sql
-- Takes the caller's project from a Supabase user: his next query shows nothing of it.
create function coord.remove_project_member(p_caller jsonb, p_user_id uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'remove_project_member');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  delete from coord.project_members m where m.project_id = v_call.project_id and m.user_id = p_user_id;
  if not found then
    return coord._refuse(v_call, 'not_found', 'This user is no member of the project.', 'See list_project_members.');
  end if;
  return coord._leave(v_call, jsonb_build_object('removed', true, 'user_id', p_user_id), 'member:' || p_user_id);
end
$$;

grant execute on function coord.remove_project_member to coord_app;

-- projects/revoke_read_tokens.sql
-- Makes all tokens for reading the caller's project worthless, from the next query on: they carry the old version.
-- Concurrency: the row decides; a token that is made meanwhile carries the version of before or after, and is as good.
create function coord.revoke_read_tokens(p_caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'revoke_read_tokens');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  update coord.projects p set read_token_version = p.read_token_version + 1 where p.project_id = v_call.project_id;
  return coord._leave(v_call, '{"revoked": true}', 'project:' || v_call.project_id);
end
$$;

grant execute on function coord.revoke_read_tokens to coord_app;

-- projects/set_project_visibility.sql
-- Public: whoever has the publishable key of the Supabase project reads the caller's project, but not what is
-- confidential (policies `readers` that ask for _member_projects). Private: its members alone.
create function coord.set_project_visibility(p_caller jsonb, p_visibility text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'set_project_visibility');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  update coord.projects p set is_public = p_visibility = 'public' where p.project_id = v_call.project_id;
  return coord._leave(v_call, jsonb_build_object('visibility', p_visibility), 'project:' || v_call.project_id,
    jsonb_build_object('visibility', p_visibility));
end
$$;

grant execute on function coord.set_project_visibility to coord_app;

-- reads/read_directly.sql
-- What some reading operations answer, for dashboards that have a token of PostgREST and no key: see `direct` in the
-- catalogue. Whose project it is decides before anything is read: members alone, since the API shows such things to
-- agents of the project, and a public project is read in its tables. Changes nothing, opens no session, is not
-- journalled, and is no sign of life: p_session_id only says which rows are the asker's own. Nobody has checked p_input
-- before.
create function coord.read_directly(
  p_operation text, p_input jsonb default '{}', p_project text default null, p_session_id uuid default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set jit = off
as $$
declare
  v_projects integer[] := array(
    select p.project_id from coord.projects p
    where p.project_id in (select coord._member_projects()) and (p_project is null or p.name = p_project) limit 2);
  v_project_id integer := v_projects[1];
  v_answer jsonb;
begin
  if cardinality(v_projects) <> 1 then
    return coord._error('not_found', 'There is no such project, or it is not shown to you, or there are several.',
      'Name the project, and ask an administrator to make you a member (add_project_member) or a token (create_read_token).');
  end if;
  v_answer := case p_operation
    when 'check_locks' then coord._list_locks(v_project_id, p_session_id, null, coord._limit_of(p_input, 200))
    when 'get_task_board' then coord._board(v_project_id)
    when 'list_tasks' then coord._list_tasks(v_project_id, p_input ->> 'status', p_input ->> 'type', p_input ->> 'tag',
      p_input ->> 'assignee', (p_input ->> 'parent_id')::uuid, coord._limit_of(p_input, 50), (p_input ->> 'before')::uuid)
    when 'get_task' then coord._whole_task(v_project_id, (p_input ->> 'task_id')::uuid)
    when 'discover_agents' then coord._list_sessions(v_project_id, p_session_id, p_input ->> 'capability',
      coord._limit_of(p_input, 50))
    when 'query_audit' then (
      select jsonb_build_object('entries', f.entries, 'before', f.before)
      from coord._find_entries(v_project_id, p_input ->> 'before', p_input ->> 'agent', p_input ->> 'operation',
        p_input ->> 'resource', p_input ->> 'outcome', (p_input ->> 'session_id')::uuid,
        (p_input ->> 'since')::timestamptz, (p_input ->> 'until')::timestamptz, coord._limit_of(p_input, 50)) f)
  end;
  return coalesce(v_answer, coord._error('not_found', 'There is nothing of that kind.', 'See list_tasks.'));
end
$$;

grant execute on function coord.read_directly to coord_reader;

-- reads/readable_tables.sql
-- What holds for every table that readers see rows of. How long a query takes is not to tell of hidden rows either: the
-- projects that may be read are a condition that an index is read by, one project after the other, whatever else is
-- asked for. Their range, which says no more, has Postgres expect few rows, and so prefer an index to reading all. What
-- members alone may read has the projects of theirs. Nor are where a row lies and which transaction wrote it (ctid,
-- xmin), which tell how much others write: a right to the whole table would include them, so it becomes one to each
-- column.
do $$
declare
  v_table record;
  v_columns text;
begin
  for v_table in
    select p.polrelid::regclass as name,
      coalesce(substring(pg_get_expr(p.polqual, p.polrelid) from '_readable_projects'), '_member_projects') as projects
    from pg_catalog.pg_policy p join pg_catalog.pg_class c on c.oid = p.polrelid
    where c.relnamespace = 'coord'::regnamespace and p.polname = 'readers'
  loop
    execute format('create policy no_estimates on %s as restrictive for select
      using (project_id >= 0 or project_id >= coord._no_estimates())', v_table.name);
    execute format('create policy no_scans on %1$s as restrictive for select
      using (project_id = any (array(select coord.%2$I()))
        and project_id between (select min(r) from coord.%2$I() r) and (select max(r) from coord.%2$I() r))',
      v_table.name, v_table.projects);
    continue when not has_table_privilege('coord_reader', v_table.name, 'select');
    select string_agg(quote_ident(a.attname), ', ') into v_columns from pg_catalog.pg_attribute a
    where a.attrelid = v_table.name and a.attnum > 0 and not a.attisdropped;
    execute format('revoke select on %s from coord_reader', v_table.name);
    execute format('grant select (%s) on %s to coord_reader', v_columns, v_table.name);
  end loop;
end
$$;

-- seals/drop_segment.sql
-- Drops the oldest rows of the journal, up to the last one of a seal, after they were exported to a file of that hash.
-- Every row must be older than older_than_days and be what was sealed, which _prove_segment looks at; the seals stay,
-- so the chain goes on. The one way in which rows leave the journal; only for local administrators, because a key,
-- however trusted, may have been stolen by somebody who wants a row to be gone.
-- Concurrency: the key of segments lets one of two calls at once do it; the other finds nothing to drop. Rows that are
-- deleted are old and final: nobody else writes them. The floor is moved first, so readers of events are told.
create function coord.drop_segment(
  p_caller jsonb, p_last_seal integer, p_file_hash text, p_older_than_days integer default 90
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set jit = off
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'drop_segment');
  v_first integer;
  v_last coord.seals;
  v_rows integer;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if p_caller ->> 'key_id' is not null then
    return coord._refuse(v_call, 'forbidden', 'A key drops no rows of the journal.',
      'Run agentcoord audit export --drop on the machine that runs the coordinator.');
  end if;
  perform pg_advisory_xact_lock(hashtextextended('coord.segments', v_call.project_id));
  v_first := coord._dropped_through(v_call.project_id) + 1;
  v_last := coord._seal_at(v_call.project_id, p_last_seal);
  v_call.answer := coord._refuse_segment(v_call, v_first, v_last, p_last_seal, p_older_than_days);
  if v_call.answer is not null then return v_call.answer; end if;
  v_rows := v_last.total_rows - (coord._seal_at(v_call.project_id, v_first - 1)).total_rows;
  perform coord._move_floors();
  insert into coord.segments (project_id, first_seal, last_seal, last_xact_id, last_entry_id, row_count, file_hash, agent,
    session_id)
  values (v_call.project_id, v_first, p_last_seal, v_last.last_xact_id, v_last.last_entry_id, v_rows,
    decode(p_file_hash, 'hex'), v_call.agent, v_call.session_id);
  delete from coord.journal j
  where j.project_id = v_call.project_id and (j.xact_id, j.entry_id) <= (v_last.last_xact_id, v_last.last_entry_id);
  delete from coord.seal_leaves l where l.project_id = v_call.project_id and l.seal_number <= p_last_seal;
  return coord._leave(v_call,
    jsonb_build_object('dropped', true, 'first_seal', v_first, 'last_seal', p_last_seal, 'dropped_rows', v_rows),
    'segment:' || v_first || '-' || p_last_seal, jsonb_build_object('rows', v_rows, 'file_hash', p_file_hash,
      'seal_hash', encode(v_last.seal_hash, 'hex')));
end
$$;

grant execute on function coord.drop_segment to coord_app;

-- seals/export_checkpoint.sql
-- The head of the chain, for whoever keeps it elsewhere: core signs it (p_computed has the public key that goes with
-- the signature) with a key that this database never sees. Whoever has it can tell later whether anything up to there
-- was changed or cut off. Whoever may read the project may ask.
create function coord.export_checkpoint(p_caller jsonb, p_computed jsonb default null) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'export_checkpoint');
  v_seal coord.seals;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_seal := coord._last_seal(v_call.project_id);
  if v_seal.seal_number = 0 then
    return coord._refuse(v_call, 'not_found', 'Nothing has been sealed yet.',
      'Ask again in a few seconds: whatever process of agentcoord runs seals the journal.');
  end if;
  return coord._leave(v_call, (
    select jsonb_build_object('format', 'agentcoord-checkpoint-1', 'project', p.name, 'seal_number', v_seal.seal_number,
      'seal_hash', encode(v_seal.seal_hash, 'hex'), 'total_rows', v_seal.total_rows,
      'cursor', v_seal.last_xact_id || '-' || v_seal.last_entry_id, 'sealed_at', v_seal.sealed_at) || p_computed
    from coord.projects p where p.project_id = v_call.project_id));
end
$$;

grant execute on function coord.export_checkpoint to coord_app;

-- seals/export_segment.sql
-- A part of the sealed journal, whole seals with their rows, for a file that can be verified without this database. In
-- pages of 2,000 rows, or eight megabytes, or a little more, from the first seal that was not dropped, or the one after
-- after_seal. With older_than_days only seals of which every row is older than that, which are those that can be
-- dropped.
create function coord.export_segment(
  p_caller jsonb, p_after_seal integer default 0, p_older_than_days integer default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set jit = off
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'export_segment');
  v_previous coord.seals;
  v_seal coord.seals;
  v_seals jsonb := '[]';
  v_entries jsonb := '[]';
  v_part jsonb;
  v_is_more boolean := false;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_previous := coord._seal_at(v_call.project_id, greatest(p_after_seal, coord._dropped_through(v_call.project_id)));
  for v_seal in
    select s.* from coord.seals s where s.project_id = v_call.project_id and s.seal_number > v_previous.seal_number
    order by s.seal_number
  loop
    v_is_more := jsonb_array_length(v_entries) >= 2000 or jsonb_array_length(v_seals) >= 500
      or pg_column_size(v_entries) > 8000000;
    exit when v_is_more;
    exit when p_older_than_days is not null and coord._newest_at(v_seal, v_previous) >= clock_timestamp() - make_interval(days => p_older_than_days);
    v_part := coord._exported_entries(v_call.project_id, v_previous.last_xact_id, v_previous.last_entry_id,
      v_seal.last_xact_id, v_seal.last_entry_id);
    v_seals := v_seals || coord._exported_seal(v_seal);
    v_entries := v_entries || v_part;
    v_previous := v_seal;
  end loop;
  return coord._leave(v_call, jsonb_build_object('project_id', v_call.project_id, 'seals', v_seals, 'entries', v_entries,
    'next_seal', case when v_is_more then v_previous.seal_number end));
end
$$;

grant execute on function coord.export_segment to coord_app;

-- seals/seal_journal.sql
-- Seals what the journals of all projects have gained, p_most rows or a little more, those first that were not sealed
-- for longest; more says that there is more. Called by whoever sweeps, after each sweep. Idempotent: a seal is there
-- whole or not at all, and the next call goes on after the last one. One at a time under an advisory lock. Plans go by
-- the key, whatever is known of a journal's size. A transaction that stays open keeps all later rows of its database
-- unsealed; after ten seconds those of other databases are told apart (see _horizon). Ends after a second, because rows
-- may be heavy.
create function coord.seal_journal(p_most integer default 5000) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set jit = off
as $$
declare
  v_horizon xid8 := coord._horizon(false);
  v_enough timestamptz := clock_timestamp() + interval '1 second';
  v_is_close boolean := false;
  v_project_id integer;
  v_batch integer;
  v_sealed integer := 0;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('coord.seal_journal', 0)) then
    return '{"sealed_rows": 0, "more": false}';
  end if;
  for v_project_id in
    select p.project_id from coord.projects p
    cross join lateral coord._last_seal(p.project_id) s
    cross join lateral (
      select from coord.journal j
      where j.project_id = p.project_id and (j.xact_id, j.entry_id) > (s.last_xact_id, s.last_entry_id) limit 1) unsealed
    order by s.sealed_at nulls first
  loop
    exit when v_sealed >= p_most or clock_timestamp() > v_enough;
    if not v_is_close and coord._event_delay(v_project_id, v_horizon) >= 10 then
      v_is_close := true;
      v_horizon := coord._horizon(true);
    end if;
    loop
      exit when v_sealed >= p_most or clock_timestamp() > v_enough;
      v_batch := coord._seal_rows(v_project_id, v_horizon);
      v_sealed := v_sealed + v_batch;
      exit when v_batch = 0;
    end loop;
  end loop;
  return jsonb_build_object('sealed_rows', v_sealed, 'more', v_sealed >= p_most or clock_timestamp() > v_enough);
end
$$;

grant execute on function coord.seal_journal to coord_app;

-- seals/verify_audit.sql
-- Recomputes the chain of seals from the journal's rows, and says which row is the first that is not as it was. In
-- pages: whoever goes on from next_seal until it is null has looked at all. With a checkpoint, says whether the chain
-- still contains it; a chain that was cut shows only so.
-- What is found is told, not judged: a caller who may not trust this database verifies an export of it elsewhere.
create function coord.verify_audit(p_caller jsonb, p_after_seal integer default 0, p_checkpoint jsonb default null)
returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set jit = off
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'verify_audit');
  v_page record;
  v_bad jsonb;
  v_head coord.seals;
  v_checkpoint text;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if p_after_seal > 0 and (coord._seal_at(v_call.project_id, p_after_seal)).seal_number = 0 then
    return coord._refuse(v_call, 'not_found', 'after_seal: there is no such seal.',
      'Begin with the first one: leave after_seal out.');
  end if;
  v_page := coord._verify_seals(v_call.project_id, p_after_seal, 20000, clock_timestamp() + interval '1 second');
  v_head := coord._last_seal(v_call.project_id);
  v_bad := v_page.bad;
  if p_checkpoint is not null then
    v_checkpoint := coord._find_checkpoint(v_call.project_id, p_checkpoint);
    if v_bad is null and v_checkpoint <> 'contained' then
      v_bad := coord._bad_row('checkpoint_' || v_checkpoint, v_head.seal_number, v_head.last_xact_id, v_head.last_entry_id);
    end if;
  end if;
  return coord._leave(v_call, jsonb_strip_nulls(jsonb_build_object('intact', v_bad is null,
    'verified_rows', v_page.rows, 'verified_seals', v_page.seals, 'dropped_rows', v_page.dropped_rows,
    'first_bad', v_bad, 'checkpoint', v_checkpoint,
    'unsealed_rows', coord._count_unsealed(v_call.project_id, v_head)))
    || jsonb_build_object('next_seal', case when v_page.bad is null and (v_page.last_seal).seal_number < v_head.seal_number
      then (v_page.last_seal).seal_number end));
end
$$;

grant execute on function coord.verify_audit to coord_app;

-- sessions/discover_agents.sql
-- Living sessions of the project, the last to call first.
create function coord.discover_agents(
  p_caller jsonb, p_capability text default null, p_limit integer default 50
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'discover_agents');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  return coord._leave(v_call, coord._list_sessions(v_call.project_id, v_call.session_id, p_capability, p_limit));
end
$$;

grant execute on function coord.discover_agents to coord_app;

-- sessions/end_session.sql
-- Ends the calling session: its locks are free, its tasks go back without counting as attempts. See _end_sessions.
-- The reason is in its journal row, which get_agent_history shows.
create function coord.end_session(p_caller jsonb, p_reason text default null) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'end_session');
  v_freed record;
  v_answer jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  select coalesce(sum(e.released_locks), 0) as released_locks, coalesce(sum(e.returned_tasks), 0) as returned_tasks
  into v_freed
  from coord._end_sessions(v_call.project_id, array[v_call.session_id], coalesce(p_reason, 'ended'), false) e;
  v_answer := jsonb_build_object('session_id', v_call.session_id,
    'released_locks', v_freed.released_locks, 'returned_tasks', v_freed.returned_tasks);
  return coord._leave(v_call, v_answer, 'session:' || v_call.session_id,
    v_answer || jsonb_strip_nulls(jsonb_build_object('reason', p_reason)));
end
$$;

grant execute on function coord.end_session to coord_app;

-- sessions/heartbeat.sql
-- Keeps the session and its claims alive. Commits without waiting for the disk, unless it is journalled: a heartbeat
-- lost in a crash of the database is one of four, but what a reader of events has seen must not be lost. Journalled
-- only when it says something new.
-- Concurrency: see _touch_session and _renew_claims: what has lapsed stays lapsed.
create function coord.heartbeat(
  p_caller jsonb, p_working_on text default null, p_automatic boolean default false
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'heartbeat', false);
  v_renews boolean;
  v_renewed integer;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_renews := coord._touch_session(v_call.project_id, v_call.session_id, not p_automatic);
  if v_renews is null then return coord._refuse_ended(v_call); end if;
  if p_working_on is null then perform set_config('synchronous_commit', 'off', true); end if;
  update coord.sessions s set working_on = p_working_on
  where p_working_on is not null and s.project_id = v_call.project_id and s.session_id = v_call.session_id;
  if v_renews then perform coord._renew_claims(v_call.project_id, v_call.session_id, 0, p_waits => true); end if;
  select count(*) into v_renewed from coord.tasks t
  where t.project_id = v_call.project_id and t.status = 'claimed' and t.claim_session_id = v_call.session_id
    and t.claim_expires_at > clock_timestamp() + make_interval(secs => t.lease_seconds / 2.0);
  return coord._leave(v_call,
    jsonb_build_object('session_id', v_call.session_id, 'renewed_claims', v_renewed,
      'lease_expires_at', (select nullif(s.lease_expires_at, 'infinity') from coord.sessions s
        where s.project_id = v_call.project_id and s.session_id = v_call.session_id)),
    case when p_working_on is not null then 'session:' || v_call.session_id end);
end
$$;

grant execute on function coord.heartbeat to coord_app;

-- sessions/open_subagent.sql
-- Opens a session for a helper of the calling session: <agent>/<name>, on behalf of the same agent, by the same
-- credential, trusted at most as much. It holds for itself, and ends with the session that opened it (see
-- _end_sessions, _touch_session). Profile and limits are those of the agent it works for, so nobody gains by it.
-- Concurrency: the row of the caller is locked and looked at again, so it cannot end in between, and opens one after the
-- other: they are counted. Profiles and suspensions are locked before any row, so that none is changed between the look at
-- them and the new session. Whoever changes them has looked at his own session before: where he opens a subagent in the
-- same moment, Postgres may have to undo one of both calls, which core then repeats.
create function coord.open_subagent(
  p_caller jsonb, p_name text, p_trust integer default null, p_agent_type text default null,
  p_working_on text default null, p_beats boolean default false
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call;
  v_parent coord.sessions;
  v_session_id uuid := coord._new_id();
  v_answer jsonb;
begin
  perform coord._lock_profiles((p_caller ->> 'project_id')::integer, true);
  v_call := coord._enter(p_caller, 'open_subagent');
  if v_call.answer is not null then return v_call.answer; end if;
  select s.* into v_parent from coord.sessions s
  where s.project_id = v_call.project_id and s.session_id = v_call.session_id
    and coord._is_live(s.ended_at, s.lease_expires_at) for no key update;
  if not found then return coord._refuse_ended(v_call); end if;
  v_call.answer := coord._refuse_subagent(v_call, v_parent, p_name, p_trust);
  if v_call.answer is not null then return v_call.answer; end if;
  insert into coord.agents (project_id, agent, agent_type)
  values (v_call.project_id, v_parent.agent || '/' || p_name, coalesce(p_agent_type, v_parent.agent_type))
  on conflict do nothing;
  insert into coord.sessions as s (project_id, session_id, agent, agent_type, trust, key_id, caller, working_on, beats, valid_until,
    lease_expires_at, fresh_until, granted_trust, granted_type, restrictions, parent_session_id, delegated_from)
  values (v_call.project_id, v_session_id, v_parent.agent || '/' || p_name,
    coalesce(p_agent_type, v_parent.agent_type), least(p_trust, v_parent.trust), v_parent.key_id,
    coord._caller_of(v_call.project_id, v_session_id, v_parent.key_id), p_working_on, p_beats,
    v_parent.valid_until, least(v_parent.valid_until, case when p_beats then clock_timestamp() + interval '60 seconds' end),
    '-infinity', least(p_trust, v_parent.trust), v_parent.granted_type, v_parent.restrictions, v_parent.session_id,
    coalesce(v_parent.delegated_from, v_parent.agent))
  returning jsonb_build_object('session_id', s.session_id, 'agent', s.agent, 'agent_type', s.agent_type,
    'trust', s.trust, 'parent_session_id', s.parent_session_id, 'delegated_from', s.delegated_from,
    'lease_expires_at', nullif(s.lease_expires_at, 'infinity')) into v_answer;
  return coord._leave(v_call, v_answer, 'session:' || (v_answer ->> 'session_id'), v_answer - 'lease_expires_at');
end
$$;

grant execute on function coord.open_subagent to coord_app;

-- sessions/register_session.sql
-- Says who is here. A caller that names a session, or whose label stands for one, updates it; any other gets a new one.
-- Identity and trust come from p_caller alone, which the door made from a credential. The answer offers what others
-- left.
create function coord.register_session(
  p_caller jsonb, p_agent_type text default null, p_capabilities text[] default null, p_working_on text default null,
  p_beats boolean default false
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller jsonb := p_caller;
  v_opened uuid;
  v_call coord._call;
  v_answer jsonb;
begin
  if not (p_caller ? 'session_id' or p_caller ? 'label') then
    v_opened := coord._open_session(p_caller, null, p_agent_type, p_beats);
    v_caller := p_caller || jsonb_build_object('session_id', v_opened);
  end if;
  v_call := coord._enter(v_caller, 'register_session');
  if v_call.answer is not null then
    -- Refused, or a repetition of a call that has its session already.
    delete from coord.sessions s where s.project_id = v_call.project_id and s.session_id = v_opened;
    return v_call.answer;
  end if;
  update coord.sessions s set
    agent_type = coalesce(p_agent_type, s.agent_type),
    capabilities = coalesce(p_capabilities, s.capabilities),
    working_on = coalesce(p_working_on, s.working_on),
    last_call_at = clock_timestamp()
  where s.project_id = v_call.project_id and s.session_id = v_call.session_id
  returning jsonb_build_object('session_id', s.session_id, 'agent', s.agent, 'agent_type', s.agent_type,
    'project', (select p.name from coord.projects p where p.project_id = s.project_id), 'trust', s.trust,
    'lease_expires_at', nullif(s.lease_expires_at, 'infinity')) into v_answer;
  perform coord._assign_waiting(v_call);
  v_answer := v_answer || jsonb_build_object('handoffs',
    coord._offered_handoffs(v_call.project_id, v_call.session_id, v_call.agent));
  return coord._leave(v_call, v_answer, 'session:' || v_call.session_id);
end
$$;

grant execute on function coord.register_session to coord_app;

-- threads/create_thread.sql
-- Opens a thread with its first post. Who is mentioned finds it in the inbox.
create function coord.create_thread(
  p_caller jsonb, p_title text, p_text text, p_priority text default 'normal', p_mentions text[] default '{}'
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'create_thread');
  v_unknown text;
  v_until timestamptz;
  v_thread coord.threads;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_unknown := coord._unknown_agent(v_call.project_id, p_mentions);
  if v_unknown is not null then return coord._refuse_mention(v_call, v_unknown); end if;
  v_until := coord._silent_until(v_call, 1 + cardinality(p_mentions));
  if v_until is not null then return coord._refuse_silent(v_call, v_until); end if;
  insert into coord.threads (project_id, thread_id, title, priority, agent)
  values (v_call.project_id, coord._new_id(), p_title, p_priority, v_call.agent)
  returning * into v_thread;
  perform coord._write_post(v_call, v_thread, 1, p_text, p_mentions);
  return coord._leave(v_call, jsonb_build_object('thread_id', v_thread.thread_id, 'status', v_thread.status,
    'post_number', 1), 'thread:' || v_thread.thread_id, jsonb_build_object('title', p_title, 'mentions', p_mentions));
end
$$;

grant execute on function coord.create_thread to coord_app;

-- threads/list_threads.sql
-- Threads of the project, the last to change first. Pages by the place that p_before has now, so a thread that changes
-- meanwhile moves to the front, and may be seen twice.
create function coord.list_threads(
  p_caller jsonb, p_status text default null, p_priority text default null, p_agent text default null,
  p_limit integer default 50, p_before uuid default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'list_threads');
  v_before timestamptz := 'infinity';
  v_threads jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if p_before is not null then
    select t.changed_at into v_before from coord.threads t
    where t.project_id = v_call.project_id and t.thread_id = p_before;
    if not found then return coord._refuse_thread(v_call); end if;
  end if;
  select coalesce(jsonb_agg(coord._thread_summary(f) order by f.changed_at desc, f.thread_id desc), '[]') into v_threads
  from (
    select t.* from coord.threads t
    where t.project_id = v_call.project_id
      and (p_status is null or t.status = p_status)
      and (p_priority is null or t.priority = p_priority)
      and (p_agent is null or t.agent = p_agent)
      and (p_before is null or (t.changed_at, t.thread_id) < (v_before, p_before))
    order by t.changed_at desc, t.thread_id desc limit p_limit + 1
  ) f;
  return coord._leave(v_call, jsonb_build_object(
    'threads', jsonb_path_query_array(v_threads, '$[0 to $n]', jsonb_build_object('n', p_limit - 1)),
    'next_before', case when jsonb_array_length(v_threads) > p_limit
      then v_threads -> (p_limit - 1) -> 'thread_id' end));
end
$$;

grant execute on function coord.list_threads to coord_app;

-- threads/read_thread.sql
-- A thread and its posts in their order, after the number of one that was read before: at most p_limit and about
-- 128 KiB, but at least one. A post that is written meanwhile comes with the next page.
create function coord.read_thread(
  p_caller jsonb, p_thread_id uuid, p_after integer default 0, p_limit integer default 50
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'read_thread');
  v_thread coord.threads;
  v_posts jsonb;
  v_last integer;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  select t.* into v_thread from coord.threads t where t.project_id = v_call.project_id and t.thread_id = p_thread_id;
  if not found then return coord._refuse_thread(v_call); end if;
  select coalesce(jsonb_agg(jsonb_build_object('post_number', s.post_number, 'agent', s.agent, 'posted_at', s.at,
      'text', s.text, 'mentions', s.mentions) order by s.post_number), '[]'), max(s.post_number)
    into v_posts, v_last
  from (
    select p.*, sum(octet_length(p.text)) over (order by p.post_number) - octet_length(p.text) as bytes_before
    from coord.thread_posts p
    where p.project_id = v_call.project_id and p.thread_id = p_thread_id
      and p.post_number > p_after and p.post_number - p_limit <= p_after and p.post_number <= v_thread.posts
  ) s
  where s.bytes_before < 131072;
  return coord._leave(v_call, jsonb_build_object('thread', coord._thread_summary(v_thread), 'posts', v_posts,
    'next_after', case when v_last < v_thread.posts then v_last end));
end
$$;

grant execute on function coord.read_thread to coord_app;

-- threads/reply_to_thread.sql
-- Adds a post to a thread that is not resolved. Who is mentioned, and who opened the thread, finds it in the inbox.
-- Concurrency: the thread's row is locked before it is looked at, so a reply comes before or after the thread was
-- resolved, and posts are numbered one after the other. The agent's row (_silent_until) is locked after it.
create function coord.reply_to_thread(
  p_caller jsonb, p_thread_id uuid, p_text text, p_mentions text[] default '{}'
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'reply_to_thread');
  v_thread coord.threads;
  v_unknown text;
  v_until timestamptz;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  select t.* into v_thread from coord.threads t
  where t.project_id = v_call.project_id and t.thread_id = p_thread_id for update;
  if not found then return coord._refuse_thread(v_call); end if;
  if v_thread.status = 'resolved' then
    return coord._refuse(v_call, 'conflict', 'The thread is resolved.',
      'Open a new one with create_thread, or this one again: set_thread_status active.', '{"reason": "resolved"}',
      'thread:' || p_thread_id);
  end if;
  v_unknown := coord._unknown_agent(v_call.project_id, p_mentions);
  if v_unknown is not null then return coord._refuse_mention(v_call, v_unknown); end if;
  v_until := coord._silent_until(v_call, 1 + cardinality(p_mentions));
  if v_until is not null then return coord._refuse_silent(v_call, v_until); end if;
  update coord.threads t set posts = t.posts + 1, changed_at = clock_timestamp()
  where t.project_id = v_call.project_id and t.thread_id = p_thread_id;
  perform coord._write_post(v_call, v_thread, v_thread.posts + 1, p_text, p_mentions);
  return coord._leave(v_call, jsonb_build_object('thread_id', p_thread_id, 'status', v_thread.status,
    'post_number', v_thread.posts + 1), 'thread:' || p_thread_id,
    jsonb_build_object('post_number', v_thread.posts + 1, 'mentions', p_mentions));
end
$$;

grant execute on function coord.reply_to_thread to coord_app;

-- threads/set_thread_status.sql
-- Says how a thread stands: active, waiting for somebody, or resolved, after which nobody can reply until it is active
-- again. Anybody who may write may do so; the journal has who did.
-- Concurrency: the row is locked before it is looked at; of two changes, the second answers what the first has left.
create function coord.set_thread_status(p_caller jsonb, p_thread_id uuid, p_status text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'set_thread_status');
  v_was text;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  select t.status into v_was from coord.threads t
  where t.project_id = v_call.project_id and t.thread_id = p_thread_id for update;
  if not found then return coord._refuse_thread(v_call); end if;
  update coord.threads t set status = p_status, changed_at = clock_timestamp()
  where t.project_id = v_call.project_id and t.thread_id = p_thread_id;
  return coord._leave(v_call, jsonb_build_object('thread_id', p_thread_id, 'status', p_status, 'was', v_was),
    'thread:' || p_thread_id, jsonb_build_object('status', p_status, 'was', v_was));
end
$$;

grant execute on function coord.set_thread_status to coord_app;

-- work/cancel_task.sql
-- Ends a task that nobody needs any more. Who submitted it may do so, others with trust 3. If somebody works on it,
-- that session is told with its next call, and its token is void.
-- Concurrency: who may not is refused before anything is locked, so that he keeps nobody waiting; then it is looked at
-- once more, under its lock and those of all that fail with it (see _lock_before_end). The status in the WHERE lets one
-- of two callers do it.
create function coord.cancel_task(p_caller jsonb, p_task_id uuid, p_reason text default null) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'cancel_task');
  v_task coord.tasks;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_call.answer := coord._refuse_cancel(v_call, p_task_id);
  if v_call.answer is not null then return v_call.answer; end if;
  perform coord._lock_before_end(v_call.project_id, array[p_task_id]);
  select t.* into v_task from coord.tasks t where t.project_id = v_call.project_id and t.task_id = p_task_id for update;
  v_call.answer := coord._refuse_cancel(v_call, p_task_id);
  if v_call.answer is not null then return v_call.answer; end if;
  update coord.tasks t set status = 'cancelled', finished_at = clock_timestamp(), error = coalesce(p_reason, 'cancelled'),
    due_at = null, claim_token = t.claim_token + 1, claim_session_id = null, claim_expires_at = null,
    trail = t.trail || pg_current_xact_id()
  where t.project_id = v_call.project_id and t.task_id = p_task_id and t.status = v_task.status;
  if v_task.status = 'claimed' then
    perform coord._notify(v_call.project_id, v_task.claim_session_id, jsonb_build_object('kind', 'task_cancelled',
      'message', format('The task %s was cancelled by %s: stop working on it.',
        quote_literal(left(v_task.title, 100)), v_call.agent),
      'task_id', p_task_id));
  end if;
  perform coord._follow_failures(v_call.project_id, array[p_task_id], p_waits => true);
  if v_task.status = 'claimed' and (v_task.terms).paths is not null then
    perform coord._free_task_paths(v_call.project_id, v_task.claim_session_id, p_task_id);
  end if;
  return coord._leave(v_call, jsonb_build_object('cancelled', true, 'was', v_task.status), 'task:' || p_task_id,
    jsonb_build_object('was', v_task.status, 'reason', left(p_reason, 500)));
end
$$;

grant execute on function coord.cancel_task to coord_app;

-- work/complete_work.sql
-- Ends a claim: done, or a failed attempt, which others follow while some are left (see _fail_attempt).
-- Concurrency: one guarded UPDATE; task, token, status, session and lease must all still match, and no subtask be open,
-- so one completion is accepted, ever. What depends on the task follows in the same transaction, and so does the claim
-- of the next one (see _leave_and_claim). For enable_seqscan see _claim.
create function coord.complete_work(
  p_caller jsonb, p_task_id uuid, p_claim_token bigint, p_success boolean default true, p_result jsonb default null,
  p_error text default null, p_claim_next boolean default false
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'complete_work');
  -- Before anything is locked: to enter may lock the session.
  v_next coord._call := case when p_claim_next and v_call.answer is null
    then coord._enter(p_caller - '{idempotency_key,input}'::text[], 'get_work') end;
  v_is_special boolean;
  v_lease_seconds integer;
  v_answer jsonb := '{"status": "done", "attempts_left": 0, "unblocked": 0}';
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if not p_success or p_error is not null then
    if p_success then
      return coord._refuse(v_call, 'invalid_input', 'error: says what went wrong, so success must be false',
        'Send success: false for an attempt that failed, or leave error out.');
    end if;
    return coord._fail_attempt(v_call, p_task_id, p_claim_token, p_result, p_error, v_next);
  end if;
  -- Parents, and older dependents, come before the task: see table.sql.
  perform from coord.tasks t
  where t.project_id = v_call.project_id and t.task_id = p_task_id and t.claim_token = p_claim_token
    and t.status = 'claimed' and t.claim_session_id = v_call.session_id
    and ((t.terms).parent_id is not null or (
      select d.task_id from coord.task_dependencies d
      where d.project_id = v_call.project_id and d.depends_on = any (array[p_task_id])
      order by d.depends_on, d.task_id limit 1) < p_task_id);
  if found then perform coord._lock_followers(v_call.project_id, array[p_task_id]); end if;
  update coord.tasks t set status = 'done', finished_at = clock_timestamp(), result = p_result, error = null,
    claim_session_id = null, claim_expires_at = null, trail = t.trail || pg_current_xact_id()
  where t.project_id = v_call.project_id and t.task_id = p_task_id and t.claim_token = p_claim_token
    and t.status = 'claimed' and t.claim_session_id = v_call.session_id and t.claim_expires_at > clock_timestamp()
    and coalesce((t.terms).open_subtasks, 0) = 0
  returning t.lane is not null, t.lease_seconds into v_is_special, v_lease_seconds;
  if not found then
    return coord._refuse_claim(v_call, p_task_id, p_claim_token);
  end if;
  -- As a list, and ordered as its index is: else many tasks that wait for one let Postgres hope to meet a dependent at
  -- once, and read all.
  perform from coord.task_dependencies d where d.project_id = v_call.project_id and d.depends_on = any (array[p_task_id])
  order by d.depends_on, d.task_id limit 1;
  if found or v_is_special then
    v_answer := v_answer || jsonb_build_object('unblocked', coord._follow_completion(v_call, p_task_id));
  end if;
  if p_claim_next then
    return coord._leave_and_claim(v_call, v_answer, 'task:' || p_task_id, '{"status": "done"}', v_next, v_lease_seconds);
  end if;
  return coord._leave(v_call, v_answer, 'task:' || p_task_id, '{"status": "done"}');
end
$$;

grant execute on function coord.complete_work to coord_app;

-- work/complete_work_batch.sql
-- Ends several claims of the calling session as done, each with an answer of its own, in the order given, a subtask
-- before its parent; then claims the next tasks, if asked for, whatever their type, for as long as the longest of the
-- claims. What becomes of these takes nothing back; see _leave_and_claim. Each task has its journal row, as with
-- complete_work.
-- Concurrency: the tasks are locked with their parents and dependents, in id order, before anything is looked at: so
-- whoever makes one of them a dependency has either committed and is seen, or waits and finds it done. Then one guarded
-- UPDATE, as in complete_work. Paths are freed last, because nobody may wait for a task while he holds the locks of the
-- project.
-- What has to be locked is counted before, because each of 50 may have hundreds of dependents that others have made.
-- No more is claimed than was accepted, so that a call that comes twice claims once. With p_again, reports that were
-- accepted before are answered as they were, with the claims that were made then: the lock on the task decides who was
-- first, and whoever waited for it sees what the first has done. For enable_seqscan see _claim.
create function coord.complete_work_batch(
  p_caller jsonb, p_reports jsonb, p_claim_next integer default 0, p_again boolean default false
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'complete_work_batch');
  -- Before anything is locked: to enter may lock the session.
  v_next coord._call := case when p_claim_next > 0 and v_call.answer is null
    then coord._enter(p_caller - '{idempotency_key,input}'::text[], 'get_work_batch') end;
  -- For the parts: what is to be done once for a call is done by its end.
  v_part coord._call := v_call;
  v_lease_seconds integer;
  v_ids uuid[];
  v_held uuid[];
  v_now uuid[];
  v_done uuid[] := '{}';
  v_special uuid[];
  v_followed uuid[] := '{}';
  v_missing jsonb;
  v_before uuid[] := '{}';
  v_id uuid;
  v_report record;
  v_others jsonb := '{}';
  v_recalled jsonb := '[]';
  v_claims jsonb := '[]';
  v_hint text;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_part.extra := null;
  v_ids := array(select (r.report ->> 'task_id')::uuid from jsonb_array_elements(p_reports) r(report));
  if cardinality(v_ids) > 1 and coord._count_dependents(v_call, v_ids) > 2000 then
    return coord._refuse(v_call, 'limit_exceeded', 'reports: more than 2,000 tasks depend on these together',
      'Report fewer of them at once, or each with complete_work.', '{"reason": "too_many_dependents"}');
  end if;
  perform coord._lock_followers(v_call.project_id, array(
    select t.task_id from coord.tasks t
    where t.project_id = v_call.project_id and t.status = 'claimed' and t.claim_session_id = v_call.session_id
      and t.task_id = any (v_ids)));
  loop
    v_held := array(
      select t.task_id from coord.tasks t
      where t.project_id = v_call.project_id and t.status = 'claimed' and t.claim_session_id = v_call.session_id
        and t.task_id = any (v_ids) and coalesce((t.terms).open_subtasks, 0) = 0);
    with done as (
      update coord.tasks t set status = 'done', finished_at = clock_timestamp(), result = r.result, error = null,
        claim_session_id = null, claim_expires_at = null, trail = t.trail || pg_current_xact_id()
      from jsonb_to_recordset(p_reports) r(task_id uuid, claim_token bigint, result jsonb)
      where t.project_id = v_call.project_id and t.task_id = r.task_id and t.claim_token = r.claim_token
        and t.task_id = any (v_held) and t.claim_expires_at > clock_timestamp()
      -- See complete_work for why it is asked so.
      returning t.task_id, t.lease_seconds, t.lane is not null or (select true from coord.task_dependencies d
        where d.project_id = v_call.project_id and d.depends_on = any (array[t.task_id])
        order by d.depends_on, d.task_id limit 1) is not null as is_special
    ), noted as (
      insert into coord.journal (project_id, session_id, agent, operation, outcome, resource, detail)
      select v_call.project_id, v_call.session_id, v_call.agent, 'complete_work', 'ok', 'task:' || d.task_id,
        '{"status": "done"}'
      from done d
    )
    select array_agg(d.task_id), greatest(v_lease_seconds, max(d.lease_seconds)),
      array_agg(d.task_id order by d.task_id) filter (where d.is_special)
    into v_now, v_lease_seconds, v_special
    from done d;
    exit when v_now is null;
    v_done := v_done || v_now;
    if v_special is not null then
      perform coord._lock_followers(v_call.project_id, v_special);
      v_followed := v_followed || v_special;
      perform coord._count_off_parents(v_call.project_id, v_special);
      select v_others || coalesce(jsonb_object_agg(u.task_id, jsonb_build_object('unblocked', u.unblocked)), '{}')
        into v_others
      from coord._unblock_dependents(v_call.project_id, v_special) u;
    end if;
    -- Once more, because the last subtasks of a task may have ended, here or meanwhile elsewhere.
    exit when cardinality(v_done) = cardinality(v_ids);
  end loop;
  foreach v_id in array v_followed loop
    perform coord._free_task_paths(v_call.project_id, v_call.session_id, v_id);
  end loop;
  if cardinality(v_done) < cardinality(v_ids) then
    select jsonb_agg(r.report) into v_missing
    from jsonb_array_elements(p_reports) r(report) where (r.report ->> 'task_id')::uuid <> all (v_done);
    if p_again then
      select b.task_ids, coord._claims_made(v_call, b.xact_ids) into v_before, v_recalled
      from coord._accepted_before(v_call, v_missing) b;
    end if;
    for v_report in
      select r.* from jsonb_to_recordset(v_missing) r(task_id uuid, claim_token bigint) where r.task_id <> all (v_before)
    loop
      v_others := v_others || jsonb_build_object(v_report.task_id,
        coord._refuse_claim(v_part, v_report.task_id, v_report.claim_token));
    end loop;
  end if;
  if v_next.answer is not null then
    v_hint := concat_ws(' ', v_next.answer #>> '{error,message}', v_next.answer #>> '{error,hint}');
  elsif v_next.operation is not null and v_done <> '{}' then
    begin
      v_claims := coord._claim_batch(v_next, least(p_claim_next, cardinality(v_done)), null, v_lease_seconds, false);
      if v_next.extra ? 'renews' then perform coord._renew_claims(v_next.project_id, v_next.session_id); end if;
    exception when others or query_canceled then
      v_claims := '[]';
      v_hint := 'The claim of the next tasks has failed. Call get_work for them.';
    end;
  end if;
  return coord._leave(v_call, jsonb_strip_nulls(jsonb_build_object('hint', v_hint))
    || jsonb_build_object('claims', v_recalled || v_claims, 'results', (
      select jsonb_agg(jsonb_build_object('task_id', r.task_id) || case when v_others -> r.task_id ? 'error'
          then v_others -> r.task_id
          else '{"status": "done", "attempts_left": 0, "unblocked": 0}' || coalesce(v_others -> r.task_id, '{}') end
        order by r.place)
      from (
        select (e.report ->> 'task_id')::uuid::text as task_id, e.place
        from jsonb_array_elements(p_reports) with ordinality e(report, place)) r)),
    -- What is a repetition already needs no answer for another one.
    p_kept => case when p_again then 'null'::jsonb end);
end
$$;

grant execute on function coord.complete_work_batch to coord_app;

-- work/find_hung.sql
-- Claims that nobody seems to work on: their session has made no call, or their last progress note is that old.
-- Renewals by heartbeats do not count, because a timer sends them. The longest silent first.
create function coord.find_hung(p_caller jsonb, p_threshold integer default 300) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'find_hung');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  return coord._leave(v_call, jsonb_build_object('hung', coalesce((
    select jsonb_agg(jsonb_build_object('agent', h.agent, 'title', h.title, 'since', h.since,
      'presence', coord._presence(h.last_call_at),
      'task_id', h.task_id, 'session_id', h.session_id) order by h.since, h.task_id)
    from (
      select t.agent, t.task_id, t.title, s.session_id, s.last_call_at,
        least(s.last_call_at, (t.terms).progress_at) as since
      from coord.tasks t
      join coord.sessions s on s.project_id = t.project_id and s.session_id = t.claim_session_id
      where t.project_id = v_call.project_id and t.status = 'claimed'
        and least(s.last_call_at, (t.terms).progress_at) < clock_timestamp() - make_interval(secs => p_threshold)
      order by 6, 2 limit 200
    ) h), '[]')));
end
$$;

grant execute on function coord.find_hung to coord_app;

-- work/get_agent_history.sql
-- What an agent did of late, newest first, as much as fits into a page: of the last 20,000 journal rows of the project
-- those of the agent.
create function coord.get_agent_history(p_caller jsonb, p_agent text, p_limit integer default 50) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'get_agent_history');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  return coord._leave(v_call, jsonb_build_object('entries', coalesce((
    select jsonb_agg(coord._history_entry(j.entry) order by (j.entry).xact_id desc, (j.entry).entry_id desc)
    from (
      select e.entry, sum(coord._row_size((e.entry).detail)) over (order by e.xact_id desc, e.entry_id desc) as size from (
        select r as entry, r.agent, r.xact_id, r.entry_id from coord.journal r where r.project_id = v_call.project_id
        order by r.xact_id desc, r.entry_id desc limit 20000) e
      where e.agent = p_agent order by e.xact_id desc, e.entry_id desc limit p_limit
    ) j where j.size <= coord._page_bytes()), '[]')));
end
$$;

grant execute on function coord.get_agent_history to coord_app;

-- work/get_task.sql
-- One task of the caller's project, whole.
create function coord.get_task(p_caller jsonb, p_task_id uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'get_task');
  v_task jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_task := coord._whole_task(v_call.project_id, p_task_id);
  if v_task is null then
    return coord._refuse_unknown_task(v_call);
  end if;
  return coord._leave(v_call, v_task);
end
$$;

grant execute on function coord.get_task to coord_app;

-- work/get_task_board.sql
-- Who is here, on what, and how the queue stands. Counts stop at 1,000, and what is done is counted among the 1,000
-- newest tasks, so neither a long queue nor a long history makes it slow.
create function coord.get_task_board(p_caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'get_task_board');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  return coord._leave(v_call, coord._board(v_call.project_id));
end
$$;

grant execute on function coord.get_task_board to coord_app;

-- work/get_task_history.sql
-- What happened to a task, newest first, as the journal has it, as much as fits into a page: its changes, not what was
-- refused. The task remembers the transactions that changed it, because an index for it would make each of them a
-- twentieth slower.
create function coord.get_task_history(p_caller jsonb, p_task_id uuid, p_limit integer default 50) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'get_task_history');
  v_trail xid8[];
begin
  if v_call.answer is not null then return v_call.answer; end if;
  select t.trail into v_trail from coord.tasks t where t.project_id = v_call.project_id and t.task_id = p_task_id;
  if not found then
    return coord._refuse_unknown_task(v_call);
  end if;
  return coord._leave(v_call, jsonb_build_object('entries', coalesce((
    select jsonb_agg(coord._history_entry(j.entry) order by (j.entry).xact_id desc, (j.entry).entry_id desc)
    from (
      select e as entry, sum(coord._row_size(e.detail)) over (order by e.xact_id desc, e.entry_id desc) as size
      from coord.journal e
      where e.project_id = v_call.project_id and e.xact_id = any (v_trail) and e.resource = 'task:' || p_task_id
      order by e.xact_id desc, e.entry_id desc limit p_limit
    ) j where j.size <= coord._page_bytes()), '[]')));
end
$$;

grant execute on function coord.get_task_history to coord_app;

-- work/get_work.sql
-- Claims the next task for the calling session. p_wait_seconds is for whoever calls: waiting is not done here.
-- Concurrency: see _claim. A caller that dies before the commit has claimed nothing.
create function coord.get_work(
  p_caller jsonb, p_types text[] default null, p_lease_seconds integer default 900, p_wait_seconds integer default 0
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'get_work');
  v_claim jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if coord._too_many_claims(v_call, 1) then return coord._refuse_more_claims(v_call); end if;
  v_claim := coord._claim(v_call, p_types, p_lease_seconds);
  if v_claim is not null then
    return coord._leave(v_call, v_claim, 'task:' || (v_claim #>> '{task,task_id}'));
  end if;
  -- Nobody reads the answers in between, so notices are left for the last one.
  if p_wait_seconds > 0 then v_call.extra := nullif(v_call.extra - 'notices', '{}'); end if;
  return coord._leave(v_call, jsonb_build_object('claimed', false, 'hint', case
      when exists (select from coord.tasks t where t.project_id = v_call.project_id and t.status = 'ready')
      then 'Nothing to claim now: what is ready is for others, or waits for files that are locked (check_locks).'
      else 'Nothing to claim now. Ask again later, or see list_tasks for what is blocked.' end), p_kept => 'null');
end
$$;

grant execute on function coord.get_work to coord_app;

-- work/get_work_batch.sql
-- Claims several tasks at once for the calling session; see _claim_batch.
create function coord.get_work_batch(
  p_caller jsonb, p_count integer, p_types text[] default null, p_lease_seconds integer default 900
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'get_work_batch');
  v_claims jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if coord._too_many_claims(v_call, p_count) then return coord._refuse_more_claims(v_call); end if;
  v_claims := coord._claim_batch(v_call, p_count, p_types, p_lease_seconds);
  return coord._leave(v_call, jsonb_build_object('claimed', v_claims <> '[]', 'claims', v_claims));
end
$$;

grant execute on function coord.get_work_batch to coord_app;

-- work/list_tasks.sql
-- Tasks of the project, newest first, but ready ones as they are handed out and scheduled ones as they come due; pages
-- go on after a task. A page may be short and not the last, when few tasks are as asked for: see _find_tasks.
create function coord.list_tasks(
  p_caller jsonb, p_status text default null, p_type text default null, p_tag text default null,
  p_assignee text default null, p_parent_id uuid default null, p_limit integer default 50, p_before uuid default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'list_tasks');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if p_before is not null and not exists (
    select from coord.tasks t where t.project_id = v_call.project_id and t.task_id = p_before)
  then
    return coord._refuse(v_call, 'not_found', 'before: there is no such task in this project',
      'Pass next_before of the page before, or leave it out.', '{"field": "before"}');
  end if;
  return coord._leave(v_call, coord._list_tasks(v_call.project_id, p_status, p_type, p_tag, p_assignee, p_parent_id,
    p_limit, p_before));
end
$$;

grant execute on function coord.list_tasks to coord_app;

-- work/release_task.sql
-- Gives a claimed task back without a result; the attempt does not count. It is ready at once, or from p_run_after on.
-- Concurrency: one guarded write, as complete_work.
create function coord.release_task(
  p_caller jsonb, p_task_id uuid, p_claim_token bigint, p_reason text default null, p_run_after timestamptz default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'release_task');
  v_status text;
  v_paths text[];
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if p_run_after > clock_timestamp() + interval '1 year' then
    return coord._refuse(v_call, 'invalid_input', 'run_after: is more than a year away',
      'Give an earlier time, or leave it out.');
  end if;
  v_status := case when p_run_after > clock_timestamp() then 'scheduled' else 'ready' end;
  update coord.tasks t set status = v_status, attempts = t.attempts - 1, terms.run_after = p_run_after,
    due_at = coord._due_at(v_status, p_run_after, (t.terms).deadline), error = coalesce(p_reason, t.error), agent = null,
    claim_session_id = null, claim_expires_at = null, terms.progress_at = null,
    trail = coord._trail_on(t.trail)
  where t.project_id = v_call.project_id and t.task_id = p_task_id and t.claim_token = p_claim_token
    and t.status = 'claimed' and t.claim_session_id = v_call.session_id and t.claim_expires_at > clock_timestamp()
  returning (t.terms).paths into v_paths;
  if not found then
    return coord._refuse_claim(v_call, p_task_id, p_claim_token);
  end if;
  if v_paths is not null then
    perform coord._free_task_paths(v_call.project_id, v_call.session_id, p_task_id);
  end if;
  return coord._leave(v_call, jsonb_build_object('released', true, 'status', v_status), 'task:' || p_task_id,
    jsonb_build_object('status', v_status, 'reason', left(p_reason, 500)));
end
$$;

grant execute on function coord.release_task to coord_app;

-- work/report_progress.sql
-- Notes how far a claimed task has come, for others to read, and renews the claim. The last 20 notes are kept.
-- Concurrency: one guarded write, as complete_work: who has lost the claim is told.
create function coord.report_progress(
  p_caller jsonb, p_task_id uuid, p_claim_token bigint, p_note text, p_percent integer default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'report_progress');
  v_note jsonb;
  v_expires_at timestamptz;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_note := jsonb_build_object('noted_at', clock_timestamp(), 'agent', v_call.agent, 'note', p_note, 'percent',
    p_percent);
  update coord.tasks t set terms.progress_at = clock_timestamp(),
    terms.progress = jsonb_path_query_array(jsonb_build_array(v_note)
      || coalesce((t.terms).progress, '[]'), '$[0 to 19]')
  where t.project_id = v_call.project_id and t.task_id = p_task_id and t.claim_token = p_claim_token
    and t.status = 'claimed' and t.claim_session_id = v_call.session_id and t.claim_expires_at > clock_timestamp();
  if not found then
    return coord._refuse_claim(v_call, p_task_id, p_claim_token);
  end if;
  -- With the locks on its paths, which must not lapse before it.
  perform coord._renew_claims(v_call.project_id, v_call.session_id, 0);
  select t.claim_expires_at into v_expires_at from coord.tasks t
  where t.project_id = v_call.project_id and t.task_id = p_task_id;
  return coord._leave(v_call, jsonb_build_object('noted', true, 'claim_expires_at', v_expires_at), 'task:' || p_task_id,
    jsonb_strip_nulls(jsonb_build_object('note', left(p_note, 500), 'percent', p_percent)));
end
$$;

grant execute on function coord.report_progress to coord_app;

-- work/retry_task.sql
-- Gives a failed or cancelled task all its attempts anew: the way out of the dead-letter list. What is blocked by it
-- goes on when it is done. What was cancelled is brought back by its submitter who cancelled it, what a parent would
-- have to wait for again by its submitter, and both by others with trust 3. Who cancelled is in the journal, where the
-- trail ends.
-- Concurrency: who may not is refused before anything is locked, so that he keeps nobody waiting; then the task, what it
-- depends on, and its parent are locked in the order of table.sql, and looked at once more. The status in the WHERE lets
-- one of two callers do it.
create function coord.retry_task(p_caller jsonb, p_task_id uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'retry_task');
  v_before uuid[];
  v_task coord.tasks;
  v_unmet integer;
  v_tells boolean;
  v_until timestamptz;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_call.answer := coord._refuse_retry(v_call, p_task_id);
  if v_call.answer is not null then return v_call.answer; end if;
  v_tells := exists (select from coord.tasks t where t.project_id = v_call.project_id and t.task_id = p_task_id
    and (t.terms).escalate_to <> v_call.agent);
  if v_tells then v_until := coord._silent_until(v_call, 1, p_counts => false); end if;
  if v_until is not null then return coord._refuse_silent(v_call, v_until); end if;
  v_before := array(select d.depends_on from coord.task_dependencies d where d.project_id = v_call.project_id
    and d.task_id = p_task_id);
  perform coord._lock_tasks(v_call.project_id, p_task_id || v_before || array(
    select (t.terms).parent_id from coord.tasks t
    where t.project_id = v_call.project_id and t.task_id = p_task_id and (t.terms).parent_id is not null));
  select t.* into v_task from coord.tasks t where t.project_id = v_call.project_id and t.task_id = p_task_id for update;
  v_call.answer := coord._refuse_retry(v_call, p_task_id);
  if v_call.answer is not null then return v_call.answer; end if;
  if v_tells then v_until := coord._silent_until(v_call, 1); end if;
  if v_until is not null then return coord._refuse_silent(v_call, v_until); end if;
  select count(*) into v_unmet from coord.tasks t
  where t.project_id = v_call.project_id and t.task_id = any (v_before) and t.status <> 'done';
  update coord.tasks t set status = case when v_unmet > 0 then 'blocked' else 'ready' end, unmet = v_unmet, attempts = 0,
    finished_at = null, result = null, agent = null, terms.run_after = null,
    trail = coord._trail_on(t.trail),
    due_at = (t.terms).deadline
  where t.project_id = v_call.project_id and t.task_id = p_task_id and t.status = v_task.status;
  update coord.tasks p set terms.open_subtasks = (p.terms).open_subtasks + 1
  where p.project_id = v_call.project_id and p.task_id = (v_task.terms).parent_id;
  return coord._leave(v_call, jsonb_build_object('retried', true,
      'status', case when v_unmet > 0 then 'blocked' else 'ready' end), 'task:' || p_task_id,
    jsonb_build_object('was', v_task.status));
end
$$;

grant execute on function coord.retry_task to coord_app;

-- work/submit_work.sql
-- Puts a task into the queue. What it depends on exists already, so a circle cannot be made.
-- A plain task without dependencies is one insert; all else is checked and written by _submit_tasks.
create function coord.submit_work(
  p_caller jsonb, p_title text, p_description text default null, p_type text default 'task',
  p_input jsonb default null, p_priority integer default 5, p_tags text[] default '{}',
  p_depends_on uuid[] default null, p_max_attempts integer default 3, p_capabilities text[] default null,
  p_paths text[] default null, p_assignee text default null, p_run_after timestamptz default null,
  p_deadline timestamptz default null, p_retry text default null, p_retry_seconds integer default null,
  p_escalate_to text default null, p_parent_id uuid default null, p_on_dependency_failure text default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'submit_work');
  v_task_id uuid := coord._new_id();
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if num_nonnulls(p_depends_on, p_capabilities, p_paths, p_assignee, p_run_after, p_deadline, p_retry,
    p_retry_seconds, p_escalate_to, p_parent_id) > 0
  then
    return coord._submit_task(v_call, jsonb_build_object('title', p_title, 'description', p_description, 'type', p_type,
      'input', p_input, 'priority', p_priority, 'tags', p_tags, 'depends_on', p_depends_on, 'max_attempts',
        p_max_attempts,
      'capabilities', p_capabilities, 'paths', p_paths, 'assignee', p_assignee, 'run_after', p_run_after,
      'deadline', p_deadline, 'retry', p_retry, 'retry_seconds', p_retry_seconds, 'escalate_to', p_escalate_to,
      'parent_id', p_parent_id, 'on_dependency_failure', p_on_dependency_failure));
  end if;
  insert into coord.tasks (project_id, task_id, type, title, description, input, priority, tags, status, rank,
    max_attempts, submitted_by, lane)
  values (v_call.project_id, v_task_id, p_type, p_title, p_description, p_input, p_priority, p_tags, 'ready',
    current_timestamp + make_interval(hours => p_priority), p_max_attempts, v_call.agent,
    nullif(p_type, 'task') || ' ');
  return coord._leave(v_call,
    jsonb_build_object('task_id', v_task_id, 'status', 'ready', 'unmet_dependencies', 0), 'task:' || v_task_id);
end
$$;

grant execute on function coord.submit_work to coord_app;

-- work/submit_work_batch.sql
-- Puts up to 100 tasks into the queue, all or none. They may depend on each other by their keys. See _submit_tasks.
create function coord.submit_work_batch(p_caller jsonb, p_tasks jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'submit_work_batch');
  v_answer jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_answer := coord._submit_tasks(v_call, p_tasks);
  if v_answer ? 'error' then return v_answer; end if;
  return coord._leave(v_call, v_answer);
end
$$;

grant execute on function coord.submit_work_batch to coord_app;

-- supabase.sql
-- On Supabase: gives service_role what coord_app has, anon and authenticated what coord_reader has. Direct grants,
-- because Supabase's roles do not inherit. Comes last in each migration; does nothing where the roles are not.
do $$
declare
  v_pair record;
  v_object record;
begin
  for v_pair in
    select p.ours, p.theirs
    from (values ('coord_app', 'service_role'), ('coord_reader', 'authenticated'), ('coord_reader', 'anon'))
      p(ours, theirs)
    join pg_catalog.pg_roles r on r.rolname = p.theirs
  loop
    execute format('grant usage on schema coord to %I', v_pair.theirs);
    for v_object in
      select 'function' as kind, p.oid::regprocedure::text as name, a.privilege_type as privilege
      from pg_catalog.pg_proc p cross join lateral aclexplode(p.proacl) a
      where p.pronamespace = 'coord'::regnamespace and a.grantee = v_pair.ours::regrole
      union all
      select 'table', c.oid::regclass::text, a.privilege_type
      from pg_catalog.pg_class c cross join lateral aclexplode(c.relacl) a
      where c.relnamespace = 'coord'::regnamespace and a.grantee = v_pair.ours::regrole
      union all
      select 'table', t.attrelid::regclass::text, format('%s (%I)', a.privilege_type, t.attname)
      from pg_catalog.pg_attribute t join pg_catalog.pg_class c on c.oid = t.attrelid
      cross join lateral aclexplode(t.attacl) a
      where c.relnamespace = 'coord'::regnamespace and a.grantee = v_pair.ours::regrole
    loop
      execute format('grant %s on %s %s to %I', v_object.privilege, v_object.kind, v_object.name, v_pair.theirs);
    end loop;
  end loop;
end
$$;

-- Where pg_cron is, it sweeps and seals; otherwise whatever process of ours runs does. Two at once do no harm: see _sweep.
-- The job belongs to the role that migrates, because coord_owner cannot log in.
do $$
begin
  reset role;
  if to_regprocedure('cron.schedule(text, text, text)') is not null then
    perform cron.schedule('coord.sweep', '5 seconds', 'select coord.sweep_projects()');
    perform cron.schedule('coord.seal', '5 seconds', 'select coord.seal_journal(50000)');
  end if;
  set role coord_owner;
exception when insufficient_privilege then
  raise notice 'pg_cron is there, but the role that migrates may not use it: processes of agentcoord sweep instead.';
end
$$;

-- realtime.sql
-- Where Supabase Realtime is: each journal row is told to who follows the private channel coord:<project_id>, by its
-- operation, without its detail. Only members of the project hear it. A broadcast is a hint: it may get lost and
-- comes in no certain order; whoever must miss nothing reads on from its last cursor.
-- The function belongs to the role that migrates, because coord_owner may not use schema realtime. A broadcast that
-- fails does not undo what it tells of. Does nothing where Realtime is not.
do $$
begin
  reset role;
  if to_regprocedure('realtime.send(jsonb, text, text, boolean)') is not null
    and to_regprocedure('realtime.topic()') is not null and to_regclass('realtime.messages') is not null
  then
    create function coord._broadcast() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
    as $function$
    begin
      perform realtime.send(to_jsonb(coord._event(new.xact_id, new.entry_id, new.at, new.session_id, new.agent,
        new.operation, new.outcome, new.resource, new.detail)) - 'detail', new.operation, 'coord:' || new.project_id, true);
      return null;
    exception when others then
      return null;
    end
    $function$;
    set role coord_owner;
    create trigger broadcast after insert on coord.journal for each row execute function coord._broadcast();
    reset role;
    revoke execute on function coord._broadcast from public;
    create policy coord_readers on realtime.messages for select to authenticated
    using (extension = 'broadcast'
      and realtime.topic() in (select 'coord:' || p.project_id from coord._member_projects() p(project_id)));
  end if;
  set role coord_owner;
exception when insufficient_privilege then
  raise notice 'Realtime is there, but the role that migrates may not use it: dashboards have to ask for events.';
  set role coord_owner;
end
$$;

reset role;

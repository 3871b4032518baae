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

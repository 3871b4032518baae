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

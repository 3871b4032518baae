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

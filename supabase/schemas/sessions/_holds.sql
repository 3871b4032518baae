-- Whether a session keeps others from what it took: while it lives, and two seconds more after its lease, so that what
-- a dying process still writes does not meet the next holder's work. An orderly end frees at once. Inlined into
-- queries; false for null, as after a join that found none.
create function coord._holds(p_ended_at timestamptz, p_lease_expires_at timestamptz) returns boolean
language sql volatile
as $$
  select p_ended_at is null and coalesce(p_lease_expires_at > clock_timestamp() - interval '2 seconds', false);
$$;

-- Whether a session may still act. Inlined into queries; false for null. What others may do about it is _holds.
create function coord._is_live(p_ended_at timestamptz, p_lease_expires_at timestamptz) returns boolean
language sql volatile
as $$
  select p_ended_at is null and coalesce(p_lease_expires_at > clock_timestamp(), false);
$$;

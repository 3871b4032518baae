-- Whether a session still holds what it took. Inlined into queries; false for null, as after a join that found none.
create function coord._is_live(p_ended_at timestamptz, p_lease_expires_at timestamptz) returns boolean
language sql volatile
as $$
  select p_ended_at is null and coalesce(p_lease_expires_at > clock_timestamp(), false);
$$;

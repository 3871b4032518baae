-- Notes that somebody sweeps now.
create function coord._beat() returns void
language sql volatile
as $$
  update coord.pulse p set is_steady = p.swept_at > clock_timestamp() - interval '15 seconds', swept_at = clock_timestamp();
$$;

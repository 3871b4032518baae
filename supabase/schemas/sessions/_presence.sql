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

-- What a journal row is about, as readers of events name it: task:<id>, session:<id>, and lock:<path> for each path of
-- a call that locks or releases. Has no query in it, so that Postgres inlines it: 10,000 rows a second may be read. A
-- call with several paths, of which the row names the first, is left to _about.
create function coord._concerns(p_operation text, p_resource text, p_detail jsonb) returns text[]
language sql immutable
as $$
  select case
    when p_operation not like '%\_lock' or p_resource like 'session:%' then array[p_resource]
    when p_detail is null or coalesce(p_detail -> 1, p_detail -> 'locks' -> 1, p_detail -> 'released_paths' -> 1,
      p_detail -> 'freed' -> 1) is null then array['lock:' || p_resource]
    else coord._about(p_resource, p_detail)
  end;
$$;

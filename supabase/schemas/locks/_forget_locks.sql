-- Drops rows of paths that nobody has held for 30 days, a thousand at most, and raises the project's floor to their
-- tokens, so that a path's tokens grow for ever.
-- Concurrency: rows that somebody uses are skipped. _take locks the rows that it finds before it reads the floor, so it
-- either sees a row, or the floor that was raised with its end.
create function coord._forget_locks() returns void
language sql volatile
as $$
  with forgotten as (
    delete from coord.locks l where (l.project_id, l.path) in (
      select o.project_id, o.path from coord.locks o
      where o.session_id is null and o.expires_at < clock_timestamp() - interval '30 days'
        and not exists (select from coord.lock_shares s where s.project_id = o.project_id and s.path = o.path)
      limit 1000 for update skip locked)
    returning l.project_id, l.token
  )
  insert into coord.lock_floors as f (project_id, token)
  select g.project_id, max(g.token) from forgotten g group by g.project_id order by g.project_id
  on conflict (project_id) do update set token = greatest(f.token, excluded.token);
$$;

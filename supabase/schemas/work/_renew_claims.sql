-- Extends the claims of a session that are not lapsed, each for as long as it was asked for, and the locks on their
-- paths. One renewed less than p_rest_seconds (or a third of its lease) ago is left as it is. At most 1,000 at once,
-- those first that lapse first.
-- With p_plain those with paths are left out; true when there are such.
-- Concurrency: tasks that somebody is just changing are skipped: they are being reported, or returned, or somebody
-- makes others depend on them. With p_waits, for a heartbeat, which holds nothing but its session, those with less than
-- half of their lease left are waited for, and so are the locks of the project when they have paths: else a claim could
-- lapse because others are busy with its task, or with locks, all the time. All other claims with paths are renewed
-- only if the locks of the project can be serialised without waiting, else with the next call; and when a call is about
-- to end, because nothing may wait for a task after that.
create function coord._renew_claims(
  p_project_id integer, p_session_id uuid, p_rest_seconds integer default 5, p_plain boolean default false,
  p_waits boolean default false
) returns boolean
language plpgsql volatile
as $$
declare
  v_skip_paths boolean := false;
  v_late uuid;
  v_is_late boolean := false;
  v_timeout constant text := current_setting('lock_timeout');
  v_enough timestamptz := clock_timestamp() + interval '1 second';
  v_paths text[];
  v_until timestamptz[];
begin
  if p_waits then
    perform set_config('lock_timeout', '1500ms', true);
    for v_late in
      select n.task_id from coord.tasks n
      where n.project_id = p_project_id and n.status = 'claimed' and n.claim_session_id = p_session_id
        and n.claim_expires_at > clock_timestamp()
        and n.claim_expires_at < clock_timestamp() + make_interval(secs => n.lease_seconds / 2.0)
      order by n.task_id limit 1000
    loop
      v_is_late := true;
      -- Once more after a deadlock of others, of which the one who waits with them may be ended.
      for v_try in 1 .. 2 loop
        begin
          perform from coord.tasks t where t.project_id = p_project_id and t.task_id = v_late for update;
          exit;
        exception
          when lock_not_available then exit;
          when deadlock_detected then null;
        end;
      end loop;
      exit when clock_timestamp() > v_enough;
    end loop;
    perform set_config('lock_timeout', v_timeout, true);
  end if;
  perform from coord.tasks t
  where t.project_id = p_project_id and t.status = 'claimed' and t.claim_session_id = p_session_id
    and (t.terms).paths is not null;
  if found and v_is_late then
    perform set_config('lock_timeout', '1500ms', true);
    begin
      perform pg_advisory_xact_lock(hashtext('coord.locks'), p_project_id);
    exception when lock_not_available or deadlock_detected then v_skip_paths := true;
    end;
    perform set_config('lock_timeout', v_timeout, true);
  elsif found then
    v_skip_paths := p_plain or not pg_try_advisory_xact_lock(hashtext('coord.locks'), p_project_id);
  end if;
  with renewed as (
    update coord.tasks t set claim_expires_at = clock_timestamp() + make_interval(secs => t.lease_seconds)
    where t.project_id = p_project_id and t.task_id = any (array(
      select n.task_id from coord.tasks n
      where n.project_id = p_project_id and n.status = 'claimed' and n.claim_session_id = p_session_id
        and n.claim_expires_at > clock_timestamp() and not (v_skip_paths and (n.terms).paths is not null)
        and n.claim_expires_at < clock_timestamp() + make_interval(
          secs => n.lease_seconds - least(p_rest_seconds, n.lease_seconds / 3.0))
      order by n.claim_expires_at limit 1000 for update skip locked))
    returning (t.terms).paths, t.claim_expires_at
  )
  select array_agg(p.path order by p.path collate "C"), array_agg(r.claim_expires_at order by p.path collate "C")
    into v_paths, v_until
  from renewed r cross join unnest(r.paths) p(path);
  if v_paths is null then return v_skip_paths and p_plain; end if;
  -- One after the other, by the key: a join of thousands with a table of which Postgres knows little may compare all
  -- with all.
  for v_index in 1 .. cardinality(v_paths) loop
    update coord.locks l set expires_at = greatest(l.expires_at, v_until[v_index])
    where l.project_id = p_project_id and l.path = v_paths[v_index] and l.session_id = p_session_id
      and l.expires_at > clock_timestamp();
  end loop;
  return false;
end
$$;

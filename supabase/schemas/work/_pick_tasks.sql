-- Locks the tasks that come next for the calling session, with the paths they declare, and returns their ids. Pages
-- through what it may take in order of rank, and locks row by row: what another caller has locked, or whose paths are
-- not free, is skipped, so nobody waits here and a clash never holds up those behind it. Paths known to be busy are not
-- tried again, and after 200 refusals only the lanes of tasks without paths are looked at; after a quarter of a second
-- after 20 already, after half a second at once, because others wait for the advisory lock of the project's locks, and
-- globs take long to compare. So only a few busy paths are remembered, too. The paths of a task are taken all or none,
-- and given back if this transaction fails.
-- One plan for all calls, and a probe for each candidate: to plan anew what looks for candidates took most of the time.
create function coord._pick_tasks(p_call coord._call, p_types text[], p_lease_seconds integer, p_count integer)
returns uuid[]
language plpgsql volatile set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
declare
  v_lanes text[] := coord._eligible_lanes(p_call, p_types);
  v_plain boolean := p_types is null or 'task' = any (p_types);
  v_page integer := greatest(16, p_count);
  v_ids uuid[];
  v_ranks timestamptz[];
  v_rank timestamptz := '-infinity';
  v_id uuid := '00000000-0000-0000-0000-000000000000';
  v_busy text[];
  v_refused integer := 0;
  v_until timestamptz := clock_timestamp() + interval '250 ms';
  v_pathless boolean := false;
  v_is_taken boolean;
  v_candidate uuid;
  v_task record;
  v_picked uuid[] := '{}';
  v_bytes integer := 0;
  v_is_full boolean := false;
begin
  loop
    select array_agg(c.task_id order by c.rank, c.task_id), array_agg(c.rank order by c.rank, c.task_id)
      into v_ids, v_ranks
    from (
      (select n.task_id, n.rank from coord.tasks n
      where v_plain and n.project_id = p_call.project_id and n.status = 'ready' and n.lane is null
        and (n.rank, n.task_id) > (v_rank, v_id)
      order by n.lane, n.rank, n.task_id limit v_page)
      union all
      select f.task_id, f.rank from unnest(v_lanes) l(lane) cross join lateral (
        select n.task_id, n.rank from coord.tasks n
        where n.project_id = p_call.project_id and n.status = 'ready' and n.lane = l.lane
          and not (v_pathless and l.lane like '%/')
          and (n.rank, n.task_id) > (v_rank, v_id)
          and (n.due_at is null or n.due_at > clock_timestamp())
          and (clock_timestamp() > v_until or not coord._clash((n.terms).paths, v_busy))
        order by n.rank, n.task_id limit v_page) f
      order by 2, 1 limit v_page
    ) c;
    exit when v_ids is null;
    foreach v_candidate in array v_ids loop
      select t.task_id, t.title, (t.terms).paths,
        case when p_count > 1 then coord._claim_bytes(t) else 0 end as bytes into v_task
      from coord.tasks t
      where t.project_id = p_call.project_id and t.task_id = v_candidate and t.status = 'ready' for update skip locked;
      continue when not found;
      v_bytes := v_bytes + v_task.bytes;
      v_is_full := v_picked <> '{}' and v_bytes > coord._page_bytes();
      exit when v_is_full;
      if v_task.paths is not null then
        v_pathless := v_pathless or clock_timestamp() > v_until + interval '250 ms';
        continue when v_pathless;
        v_busy := coalesce(v_busy, coord._own_task_paths(p_call));
        v_is_taken := false;
        if coord._clash(v_task.paths, v_busy) or coord._are_too_broad(p_call, v_task.paths) then
          v_refused := v_refused + (clock_timestamp() > v_until)::integer;
        elsif coord._take_paths(p_call, v_task.paths, left('task ' || v_task.title, 200),
          p_lease_seconds, v_task.task_id)
        then
          v_is_taken := true;
          v_busy := v_busy || v_task.paths;
        else
          v_refused := v_refused + 1;
          if cardinality(v_busy) < 50 then v_busy := v_busy || coord._busy_paths(p_call, v_task.paths); end if;
        end if;
        v_pathless := v_refused >= case when clock_timestamp() > v_until then 20 else 200 end;
        continue when not v_is_taken;
      end if;
      v_picked := v_picked || v_task.task_id;
      exit when cardinality(v_picked) = p_count;
    end loop;
    exit when v_is_full or cardinality(v_picked) = p_count or cardinality(v_ids) < v_page;
    v_rank := v_ranks[v_page];
    v_id := v_ids[v_page];
    v_page := least(v_page * 4, 1000);
  end loop;
  return v_picked;
end
$$;

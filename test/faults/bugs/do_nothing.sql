-- Asks who has the path and then writes, as INSERT … DO NOTHING and a SELECT do: what was asked is the answer of another
-- moment than that of the write.
select faults.plant('coord.acquire_lock', 'and l.session_id is null and not l.guarded
    and l.xmax = 0', 'and exists (select from coord.locks f where f.project_id = l.project_id and f.path = l.path
    and f.session_id is null and not f.guarded)');

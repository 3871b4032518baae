-- Deletes violations after 90 days, a thousand a sweep.
create function coord._forget_violations() returns void
language sql volatile
as $$
  delete from coord.guardrail_violations v where (v.project_id, v.violation_id) in (
    select o.project_id, o.violation_id from coord.guardrail_violations o
    where o.at < clock_timestamp() - interval '90 days' limit 1000 for update skip locked);
$$;

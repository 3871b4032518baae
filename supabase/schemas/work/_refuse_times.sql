-- Why the times of drafts make no sense, as a refusal; null when they do.
create function coord._refuse_times(p_call coord._call, p_drafts coord.tasks[]) returns jsonb
language plpgsql volatile
as $$
declare
  v_problem text;
begin
  select case
      when (d.terms).deadline <= clock_timestamp() then 'deadline: has passed'
      when (d.terms).run_after >= (d.terms).deadline then 'run_after: must be earlier than deadline'
      when (d.terms).run_after > clock_timestamp() + interval '1 year' then 'run_after: is more than a year away'
      when (d.terms).deadline > clock_timestamp() + interval '10 years' then 'deadline: is more than ten years away'
    end as problem into v_problem
  from unnest(p_drafts) d order by 1 limit 1;
  if v_problem is null then return null; end if;
  return coord._refuse(p_call, 'invalid_input', v_problem,
    'Give it as an instant with offset, such as 2030-01-31T12:00:00Z.');
end
$$;

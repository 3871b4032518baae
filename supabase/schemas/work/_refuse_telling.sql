-- Counts drafts that are assigned to others, or escalate to them, as messages, because each tells them; a refusal when
-- the agent has written too many, else null. p_counts: see _silent_until.
create function coord._refuse_telling(p_call coord._call, p_drafts coord.tasks[], p_counts boolean) returns jsonb
language plpgsql volatile
as $$
declare
  v_told integer;
  v_until timestamptz;
begin
  select count(*) into v_told from unnest(p_drafts) d
  cross join lateral (values ((d.terms).assignee), ((d.terms).escalate_to)) o(other) where o.other <> p_call.agent;
  if v_told > 0 then v_until := coord._silent_until(p_call, v_told, p_counts); end if;
  return case when v_until is not null then coord._refuse_silent(p_call, v_until) end;
end
$$;

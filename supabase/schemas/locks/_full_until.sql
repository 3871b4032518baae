-- Null while the agent may bring these paths into the project, and then they are counted; else when it may again.
-- At most 5,000 paths in an hour that were never locked before, so that nobody fills the table. Callers have the
-- advisory lock of the project.
create function coord._full_until(p_call coord._call, p_paths text[]) returns timestamptz
language plpgsql volatile
as $$
declare
  v_new integer := cardinality(p_paths) - (
    select count(*) from coord.locks l where l.project_id = p_call.project_id and l.path = any (p_paths));
  v_account text;
begin
  if v_new = 0 then return null; end if;
  v_account := coord._account(p_call);
  update coord.agents a set
    new_paths = v_new + case when a.new_paths_since > clock_timestamp() - interval '1 hour' then a.new_paths else 0 end,
    new_paths_since = case when a.new_paths_since > clock_timestamp() - interval '1 hour'
      then a.new_paths_since else clock_timestamp() end
  where a.project_id = p_call.project_id and a.agent = v_account
    and (a.new_paths + v_new <= 5000 or a.new_paths_since <= clock_timestamp() - interval '1 hour');
  if found then return null; end if;
  return (select a.new_paths_since + interval '1 hour' from coord.agents a
    where a.project_id = p_call.project_id and a.agent = v_account);
end
$$;

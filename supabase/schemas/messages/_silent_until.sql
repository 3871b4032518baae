-- Null while the agent may write p_weight more messages, and then they are counted, if p_counts; else when it may again.
-- At most 1,000 in an hour, so that nobody drowns the others; what all must read, weighs ten.
-- Concurrency: the agent's row lets one session after the other count. It is the last to be locked: rows of threads and
-- tasks, and the locks of the project, come before it. To look first, without counting, locks nothing.
create function coord._silent_until(p_call coord._call, p_weight integer, p_counts boolean default true)
returns timestamptz
language plpgsql volatile
as $$
declare
  v_account text := coord._account(p_call);
begin
  if not p_counts then
    return (select a.messages_since + interval '1 hour' from coord.agents a
      where a.project_id = p_call.project_id and a.agent = v_account
        and a.messages + p_weight > 1000 and a.messages_since > clock_timestamp() - interval '1 hour');
  end if;
  update coord.agents a set
    messages = p_weight + case when a.messages_since > clock_timestamp() - interval '1 hour' then a.messages else 0 end,
    messages_since = case when a.messages_since > clock_timestamp() - interval '1 hour'
      then a.messages_since else clock_timestamp() end
  where a.project_id = p_call.project_id and a.agent = v_account
    and (a.messages + p_weight <= 1000 or a.messages_since <= clock_timestamp() - interval '1 hour');
  if found then return null; end if;
  return (select a.messages_since + interval '1 hour' from coord.agents a
    where a.project_id = p_call.project_id and a.agent = v_account);
end
$$;

-- Raises unless exactly one of agent and agent_type is given.
create function coord._one_of_both(p_agent text, p_agent_type text) returns void
language plpgsql volatile
as $$
begin
  if num_nonnulls(p_agent, p_agent_type) = 1 then return; end if;
  raise exception 'agent: give an agent or an agent_type, and not both'
    using errcode = 'BADIN', hint = 'The profile named default is for everybody else: change it with set_profile.';
end
$$;

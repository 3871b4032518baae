-- Whether the caller may reach a host, by the rules, and counts the decision. Core has read the host out of what the
-- caller gave and says so in p_computed: {"host", "port"} in their one form, or {"problem"}; without it p_host has to
-- be in that form itself. A name may resolve to anything: whoever connects gives the addresses it found. Each that is
-- private needs a rule that names it, too, and a rule that denies an address or its network denies every name that
-- leads there, unless the name is allowed with a lower priority number.
create function coord.check_network(
  p_caller jsonb, p_host text, p_addresses text[] default '{}', p_computed jsonb default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'check_network');
  v_host text := coalesce(p_computed ->> 'host', p_host);
  v_rule coord.network_rules;
  v_address text;
  v_address_rule coord.network_rules;
  v_reason text;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if p_computed ? 'problem' or (coord._address(v_host) is null and not coord._is_host_name(v_host)) then
    return coord._refuse(v_call, 'invalid_input', 'host: ' || coalesce(p_computed ->> 'problem', 'names no host'),
      'Give a URL or a host such as https://github.com/ or registry.npmjs.org:443.');
  end if;
  v_rule := coord._network_rule_for(v_call, v_host);
  v_reason := case v_rule.action when 'allow' then 'rule' when 'deny' then 'denied_by_rule'
    else case when coord._is_private_host(v_host, coord._address(v_host)) then 'private' else 'no_rule' end end;
  foreach v_address in array case when v_reason = 'rule' then p_addresses else '{}' end loop
    v_address_rule := coord._network_rule_for(v_call, v_address);
    if v_address_rule.action = 'deny' and v_address_rule.kind = 'network'
      and v_address_rule.priority <= v_rule.priority then
      v_reason := 'denied_by_rule';
      v_rule := v_address_rule;
      exit;
    end if;
    -- What is no address to Postgres may be one to whoever connects, whatever a rule says about names.
    if coord._address(v_address) is null
      or (coord._is_private_host(v_address, coord._address(v_address)) and v_address_rule.action is distinct from 'allow')
    then
      v_reason := 'private_address';
    end if;
  end loop;
  perform coord._count_decision(v_call, v_host, v_reason = 'rule', v_rule.rule);
  return coord._leave(v_call, jsonb_build_object('allowed', v_reason = 'rule', 'host', v_host,
    'port', p_computed -> 'port', 'reason', v_reason, 'rule', v_rule.rule, 'hint', case v_reason
      when 'rule' then 'It may be reached.'
      when 'denied_by_rule' then format('The rule %s denies it. Do without it, or ask an administrator.', v_rule.rule)
      when 'no_rule' then 'No rule allows it. Do without it, or ask an administrator for set_network_rule.'
      when 'private' then 'It is on this machine or in a private network, and no rule names it.'
      else 'The name leads to a private address that no rule names. Ask an administrator.' end));
end
$$;

grant execute on function coord.check_network to coord_app;

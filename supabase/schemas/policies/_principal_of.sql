-- An agent as policies see it. What is not restricted is left out, but for what nobody has to ask for first.
create function coord._principal_of(p_agent text, p_agent_type text, p_trust smallint, p_restrictions jsonb) returns jsonb
language sql immutable
as $$
  select jsonb_strip_nulls(jsonb_build_object('agent', p_agent, 'agent_type', p_agent_type, 'trust', p_trust,
    'suspended', coalesce(p_restrictions ? 'suspended', false), 'scopes', p_restrictions -> 'scopes',
    'allowed_operations', p_restrictions -> 'allowed',
    'blocked_operations', coalesce(p_restrictions -> 'blocked', '[]')));
$$;

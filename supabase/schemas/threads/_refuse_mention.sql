-- What a caller is told that mentions nobody.
create function coord._refuse_mention(p_call coord._call, p_agent text) returns jsonb
language sql volatile
as $$
  select coord._refuse(p_call, 'not_found', format('mentions: there is no agent %s in this project.', p_agent),
    'See discover_agents for names, or leave the mention out.');
$$;

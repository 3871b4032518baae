-- The first of these names that no agent of the project has, or null.
create function coord._unknown_agent(p_project_id integer, p_agents text[]) returns text
language sql stable
as $$
  select n.agent from unnest(p_agents) with ordinality n(agent, place)
  where not exists (select from coord.agents a where a.project_id = p_project_id and a.agent = n.agent)
  order by n.place limit 1;
$$;

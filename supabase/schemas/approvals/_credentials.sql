-- What a session calls with: its agent, its key, and the keys with which that one was made, up to one that a person
-- made; a key that follows another by rotation has the line of both, and a subagent has the agent on whose behalf it
-- works. Two sessions that share one of them have one owner. With p_makers also the agents who made the keys: they
-- could speak with them, while the reverse does not hold.
create function coord._credentials(p_project_id integer, p_session_id uuid, p_makers boolean) returns text[]
language sql stable
as $$
  with recursive line as (
    select k.key_id, k.made_by, k.made_with, k.rotated_from
    from coord.sessions s join coord.api_keys k on k.key_id = s.key_id and k.project_id = s.project_id
    where s.project_id = p_project_id and s.session_id = p_session_id
    union
    select k.key_id, k.made_by, k.made_with, k.rotated_from
    from line l join coord.api_keys k on k.key_id in (l.made_with, l.rotated_from) and k.project_id = p_project_id)
  select array(
    select 'agent:' || s.agent from coord.sessions s where s.project_id = p_project_id and s.session_id = p_session_id
    union select 'agent:' || s.delegated_from from coord.sessions s
    where s.project_id = p_project_id and s.session_id = p_session_id and s.delegated_from is not null
    union select 'key:' || l.key_id from line l
    union select 'agent:' || l.made_by from line l where p_makers);
$$;

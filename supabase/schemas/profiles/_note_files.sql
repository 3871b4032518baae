-- Notes the files that a session with a limit on files has locked alone; see _over_limit.
create function coord._note_files(p_call coord._call, p_paths text[]) returns void
language sql volatile
as $$
  insert into coord.agent_files as f (project_id, agent, path, locked_at)
  select (p_call).project_id, (p_call).extra -> 'limits' ->> 'account', p.path, clock_timestamp()
  from unnest(p_paths) p(path)
  where (p_call).extra -> 'limits' ? 'max_files' and p.path !~ '^(resource|label):'
  on conflict (project_id, agent, path) do update set locked_at = excluded.locked_at;
$$;

-- Whether the chain still contains a checkpoint: 'contained', 'missing' when it ends before it, 'differs' when it
-- has another hash at that place, or is the chain of another project. What is signed is looked at by who has the key.
create function coord._find_checkpoint(p_project_id integer, p_checkpoint jsonb) returns text
language sql stable
as $$
  select case
    when p_checkpoint ->> 'project' <> p.name then 'differs'
    when s.seal_hash is null then 'missing'
    when encode(s.seal_hash, 'hex') = p_checkpoint ->> 'seal_hash' then 'contained'
    else 'differs'
  end
  from coord.projects p
  left join coord.seals s on s.project_id = p.project_id and s.seal_number = (p_checkpoint ->> 'seal_number')::integer
  where p.project_id = p_project_id;
$$;

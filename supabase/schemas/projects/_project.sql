-- The project of that name, made when it is new. Safe when many make it at once: the unique name decides, and one of
-- them is told that it was made.
create function coord._project(p_name text, out project_id integer, out created boolean)
language plpgsql volatile
as $$
begin
  created := false;
  select p.project_id into project_id from coord.projects p where p.name = p_name;
  if found then return; end if;
  insert into coord.projects (name) values (p_name) on conflict (name) do nothing
  returning projects.project_id into project_id;
  created := found;
  if created then perform coord._add_starting_profiles(_project.project_id); end if;
  if not created then
    select p.project_id into project_id from coord.projects p where p.name = p_name;
  end if;
end
$$;

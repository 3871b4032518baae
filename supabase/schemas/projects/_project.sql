-- Id of the project of that name, made when it is new. Safe when many make it at once: the unique name decides.
create function coord._project(p_name text) returns integer
language plpgsql volatile
as $$
declare
  v_project_id integer;
begin
  select p.project_id into v_project_id from coord.projects p where p.name = p_name;
  if not found then
    insert into coord.projects (name) values (p_name)
    on conflict (name) do update set name = excluded.name
    returning projects.project_id into v_project_id;
  end if;
  return v_project_id;
end
$$;

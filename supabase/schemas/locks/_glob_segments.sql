-- The segments of a tree or a glob for _patterns_meet. What ends in ** has at least one segment there: a folder is none
-- of the files in it.
create function coord._glob_segments(p_path text) returns text[]
language sql immutable parallel safe
as $$
  select case
    when p_path in ('./', '**') then array['**', '*']
    when p_path ~ '(^|/)\*\*$' then string_to_array(p_path || '/*', '/')
    when p_path ~ '/$' then string_to_array(p_path || '**/*', '/')
    else string_to_array(p_path, '/')
  end;
$$;

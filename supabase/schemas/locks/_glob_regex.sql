-- The regular expression for the files of a tree or a glob in normal form. \1 and \2 stand for ** while the other
-- wildcards are replaced; no path contains them.
create function coord._glob_regex(p_path text) returns text
language sql immutable parallel safe
as $$
  select '^' || replace(replace(replace(replace(replace(regexp_replace(regexp_replace(case
      when p_path = './' then '**' when p_path ~ '/$' then p_path || '**' else p_path end,
    '([].+^$|(){}[])', '\\\1', 'g'),
    '\*\*$', E'\x02'), '**/', E'\x01'), '?', '[^/]'), '*', '[^/]*'), E'\x01', '([^/]+/)*'), E'\x02', '.+') || '$';
$$;

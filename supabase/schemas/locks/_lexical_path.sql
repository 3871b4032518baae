-- The one form of a repository-relative path. Doors that see the file system have resolved links and case before;
-- this is what can be known without it: separators, empty and dotted segments, Unicode form. Refuses whatever lies
-- outside the repository, and forms that mean something else than one file.
create function coord._lexical_path(p_path text) returns text
language plpgsql immutable parallel safe
as $$
declare
  v_path text := p_path;
  v_segments text[] := '{}';
  v_segment text;
begin
  v_path := normalize(replace(v_path, '\', '/'), nfc);
  if v_path ~ '^/' then
    raise exception 'paths: % is absolute', quote_literal(left(p_path, 100)) using errcode = 'BADIN',
      hint = 'Give the path relative to the root of the repository, such as src/server.ts.';
  elsif v_path ~ '^[A-Za-z][A-Za-z0-9+.-]*:' then
    raise exception 'paths: % has a drive letter or a scheme', quote_literal(left(p_path, 100))
      using errcode = 'BADIN', hint = 'Give the path relative to the root of the repository, such as src/server.ts.';
  elsif v_path ~ '[*?]' or v_path ~ '/$' then
    raise exception 'paths: % names more than one file', quote_literal(left(p_path, 100)) using errcode = 'BADIN',
      hint = 'Name each file.';
  elsif v_path ~ '[\u0001-\u001f\u007f-\u009f]' then
    raise exception 'paths: a path contains a control character' using errcode = 'BADIN', hint = 'Remove it.';
  end if;
  foreach v_segment in array string_to_array(v_path, '/') loop
    if v_segment = '..' then
      if v_segments = '{}' then
        raise exception 'paths: % lies outside the repository', quote_literal(left(p_path, 100))
          using errcode = 'BADIN', hint = 'Only files of the repository can be locked.';
      end if;
      v_segments := v_segments[1:cardinality(v_segments) - 1];
    elsif v_segment not in ('', '.') then
      v_segments := v_segments || v_segment;
    end if;
  end loop;
  v_path := array_to_string(v_segments, '/');
  if v_path = '' or octet_length(v_path) > 1024 then
    raise exception 'paths: % names no file or is longer than 1024 bytes', quote_literal(left(p_path, 100))
      using errcode = 'BADIN', hint = 'Name a file relative to the root of the repository.';
  end if;
  return v_path;
end
$$;

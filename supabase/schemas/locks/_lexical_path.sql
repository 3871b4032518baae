-- The one form of a path, by what can be known without the file system: separators, empty and dotted segments, Unicode
-- form. Doors that see the file system have resolved links and case before. What it names follows from its form:
--   src/a.ts              a file
--   src/api/  ./          a tree: all files below it; of the whole repository
--   src/**/*.ts  a?.ts    a glob: * and ? within a segment, ** for any number of segments; [ and ] are plain characters
--   resource:x  label:x   a name that overlaps nothing but itself
-- Raises BADIN for what lies outside the repository and for what has no one meaning.
create function coord._lexical_path(p_path text) returns text
language plpgsql immutable parallel safe
as $$
declare
  v_shown text := quote_literal(left(p_path, 100));
  v_relative constant text := 'Give the path relative to the root of the repository, such as src/server.ts.';
  v_path text;
begin
  if p_path = '' or octet_length(p_path) > 1024 then
    raise exception 'paths: % names nothing or is longer than 1024 bytes', v_shown
      using errcode = 'BADIN', hint = v_relative;
  elsif p_path ~ '^(resource|label):' then
    if p_path !~ '^[a-z]+:[A-Za-z0-9_./-]*[A-Za-z0-9_.-]$' or octet_length(split_part(p_path, ':', 2)) > 128 then
      raise exception 'paths: % is no name', v_shown using errcode = 'BADIN',
        hint = 'After resource: or label: come 1 to 128 of A-Z a-z 0-9 _ . - and / inside, such as resource:port-5432.';
    end if;
    return p_path;
  end if;
  v_path := normalize(replace(p_path, '\', '/'), nfc);
  if v_path ~ '^/' then
    raise exception 'paths: % is absolute', v_shown using errcode = 'BADIN', hint = v_relative;
  elsif v_path ~ '^[A-Za-z][A-Za-z0-9+.-]*:' then
    raise exception 'paths: % has a drive letter or a scheme', v_shown using errcode = 'BADIN', hint = v_relative;
  elsif v_path ~ '[\u0001-\u001f\u007f-\u009f]' then
    raise exception 'paths: a path contains a control character' using errcode = 'BADIN', hint = 'Remove it.';
  elsif v_path ~ '\{[^{}]*,[^{}]*\}' or (v_path ~ '[*?]' and v_path ~ '[{}]') then
    raise exception 'paths: % has braces, which are not expanded', v_shown
      using errcode = 'BADIN', hint = 'Name each alternative as a path of its own.';
  end if;
  v_path := coord._joined_segments(v_path, v_shown);
  -- Once more, because ./x: and a/../x: have become it: a path must not look like a name or like another resource.
  if v_path ~ '^[A-Za-z][A-Za-z0-9+.-]*:' then
    raise exception 'paths: % has a drive letter or a scheme', v_shown using errcode = 'BADIN', hint = v_relative;
  elsif octet_length(v_path) > 1024 then
    raise exception 'paths: % is longer than 1024 bytes', v_shown using errcode = 'BADIN', hint = v_relative;
  elsif v_path ~ '[*?]' and (octet_length(v_path) > 256 or regexp_count(v_path, '\*+|\?') > 8
    or regexp_count(v_path, '/') > 31)
  then
    raise exception 'paths: % is too long a glob', v_shown using errcode = 'BADIN',
      hint = 'A glob has at most 256 bytes, 32 segments and 8 wildcards. Lock a tree such as src/api/, or several globs.';
  end if;
  return v_path;
end
$$;

-- The segments of a path with / as separator, put together again without empty and dotted ones and without needless
-- stars. A path that ends in a slash or a dotted segment is a folder and becomes a tree, and so does src/**.
-- p_shown is what the caller wrote, for the message.
create function coord._joined_segments(p_path text, p_shown text) returns text
language plpgsql immutable parallel safe
as $$
declare
  v_segment text;
  v_segments text[] := '{}';
  v_last integer;
begin
  foreach v_segment in array string_to_array(p_path, '/') loop
    v_last := cardinality(v_segments);
    if v_segment = '..' and v_last = 0 then
      raise exception 'paths: % lies outside the repository', p_shown
        using errcode = 'BADIN', hint = 'Only files of the repository can be locked.';
    elsif v_segment = '..' and v_segments[v_last] ~ '[*?]' then
      raise exception 'paths: % leads back from a wildcard', p_shown
        using errcode = 'BADIN', hint = 'Write the path without .. after a wildcard.';
    elsif v_segment = '..' then
      v_segments := v_segments[1:v_last - 1];
    elsif v_segment ~ '^\*\*+$' then
      -- Two in a row say the same as one.
      if v_last = 0 or v_segments[v_last] <> '**' then v_segments := v_segments || '**'::text; end if;
    elsif v_segment not in ('', '.') then
      v_segments := v_segments || regexp_replace(v_segment, '\*+', '*', 'g');
    end if;
  end loop;
  v_last := cardinality(v_segments);
  if v_last > 0 and p_path !~ '(^|/)\.{0,2}$' and v_segments[v_last] <> '**' then
    return array_to_string(v_segments, '/');
  end if;
  if v_last > 0 and v_segments[v_last] = '**' then v_segments := v_segments[1:v_last - 1]; end if;
  if array_to_string(v_segments, '/') ~ '[*?]' then return array_to_string(v_segments || '**'::text, '/'); end if;
  return coalesce(nullif(array_to_string(v_segments, '/'), ''), '.') || '/';
end
$$;

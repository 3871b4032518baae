-- Why a caller may not have locks on these paths, in normal form, as a refusal; null when none of them is too broad for
-- it.
create function coord._refuse_broad(p_call coord._call, p_paths text[]) returns jsonb
language plpgsql volatile
as $$
begin
  if not coord._are_too_broad(p_call, p_paths) then return null; end if;
  return coord._refuse(p_call, 'forbidden', 'paths: the whole repository, or a wildcard in the first segment, needs trust 3.',
    'Begin with a folder, such as src/**/*.ts, or name the files.', '{"reason": "insufficient_trust_level"}');
end
$$;

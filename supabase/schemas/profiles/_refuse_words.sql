-- Raises for a word that names neither an operation nor a toolset, and is not `read` or `write`.
create function coord._refuse_words(p_field text, p_words text[]) returns void
language plpgsql volatile
as $$
declare
  v_unknown text := (
    select w.word from unnest(p_words) w(word)
    where not exists (select from jsonb_each(coord._operation_words()) o where o.value ? w.word) limit 1);
begin
  if v_unknown is null then return; end if;
  raise exception '%: there is no operation or toolset %', p_field, v_unknown
    using errcode = 'BADIN', hint = 'Name operations or toolsets as docs/operations.md does, or read, or write.';
end
$$;

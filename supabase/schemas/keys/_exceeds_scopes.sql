-- Whether a key with these scopes (null: all) could do what the scopes of the caller's own key do not include.
create function coord._exceeds_scopes(p_call coord._call, p_scopes text[]) returns boolean
language sql stable
as $$
  select exists (
    select from coord.sessions s
    join coord.api_keys k on k.key_id = s.key_id and k.project_id = s.project_id and k.scopes is not null
    cross join jsonb_each(coord._operation_words()) o
    where s.project_id = (p_call).project_id and s.session_id = (p_call).session_id
      and (p_scopes is null or o.value ?| p_scopes) and not o.value ?| k.scopes);
$$;

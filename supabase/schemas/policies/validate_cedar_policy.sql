-- Answers what core has found out about a policy. Stores nothing.
create function coord.validate_cedar_policy(
  p_caller jsonb, p_policy_text text, p_policy text default 'policy', p_computed jsonb default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'validate_cedar_policy');
  v_problems jsonb := p_computed -> 'problems';
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if v_problems is null then
    return coord._refuse(v_call, 'forbidden', 'The database cannot read a policy.',
      'Call the operation through the coordinator, not its function.');
  end if;
  return coord._leave(v_call, jsonb_build_object('valid', jsonb_array_length(v_problems) = 0, 'problems', v_problems));
end
$$;

grant execute on function coord.validate_cedar_policy to coord_app;

-- The verdict on a text that core has read: p_computed has the violations it found. Each check is journalled, its
-- violations are kept; the text is not. Without what core computed there is no verdict, and the call is refused.
create function coord.check_guardrails(
  p_caller jsonb, p_operation_text text, p_context text default null, p_file_paths text[] default null,
  p_computed jsonb default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'check_guardrails');
  v_verdict jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if p_computed is null then
    return coord._refuse(v_call, 'invalid_input', 'Nobody has read this text.', 'Call check_guardrails through a door.');
  end if;
  v_verdict := coord._judged(v_call, p_computed);
  perform coord._record_violations(v_call, v_verdict);
  return coord._leave(v_call, v_verdict, 'guardrails:check', jsonb_build_object('verdict', v_verdict -> 'verdict',
    'rules', jsonb_path_query_array(v_verdict, '$.violations[*].rule'), 'rules_version', p_computed -> 'rules_version'));
end
$$;

grant execute on function coord.check_guardrails to coord_app;

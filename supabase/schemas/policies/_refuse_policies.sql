-- Why policies may not be changed in this way, as the answer; null when they may.
create function coord._refuse_policies(p_call coord._call, p_caller jsonb, p_all_projects boolean, p_computed jsonb)
returns jsonb
language plpgsql volatile
as $$
declare
  v_problem jsonb := p_computed #> '{problems,0}';
begin
  if p_all_projects and p_caller ->> 'key_id' is not null then
    return coord._refuse(p_call, 'forbidden', 'A key administers its own project only.',
      'Change what holds for all projects on the machine that runs the coordinator.');
  elsif p_computed -> 'seen' is null then
    return coord._refuse(p_call, 'forbidden', 'A policy is validated before it is stored, which the database cannot do.',
      'Call the operation through the coordinator, not its function.');
  elsif v_problem is not null then
    return coord._refuse(p_call, 'invalid_input',
      format('policy_text: policy %s%s: %s', v_problem ->> 'policy',
        coalesce(', line ' || (v_problem ->> 'line'), ''), v_problem ->> 'message'),
      coalesce(v_problem ->> 'help', 'Correct it and try it with validate_cedar_policy.'),
      jsonb_build_object('problems', p_computed -> 'problems'));
  elsif (p_computed ->> 'locks_out')::boolean then
    return coord._refuse(p_call, 'conflict', 'With these policies you could not change them any more.',
      'Except rollback_cedar_policies for administrators from what you forbid.');
  end if;
  return null;
end
$$;

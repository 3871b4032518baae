-- Closes a change of policies: writes the next version, or refuses because somebody else was faster, or because there
-- would be too many. A project has at most 100 policies of 65,536 bytes each, 262,144 together.
create function coord._leave_policies(
  p_call coord._call, p_all_projects boolean, p_seen integer, p_policies jsonb, p_change text, p_answer jsonb
) returns jsonb
language plpgsql volatile
as $$
declare
  v_version integer;
begin
  if octet_length(p_policies::text) > 262144 or (select count(*) from jsonb_object_keys(p_policies)) > 100 then
    return coord._refuse(p_call, 'limit_exceeded', 'There may be 100 policies, of 256 KiB together.',
      'Delete what is not needed any more, or join several.');
  end if;
  v_version := coord._store_policies(p_call, case when p_all_projects then 0 else p_call.project_id end, p_seen,
    p_policies, p_change);
  if v_version is null then
    return coord._refuse(p_call, 'conflict', 'Somebody else has changed the policies at the same time.',
      'Look at list_cedar_policies, then try again.');
  end if;
  return coord._leave(p_call, p_answer || jsonb_build_object('version', v_version), 'policies',
    jsonb_build_object('change', p_change, 'version', v_version, 'all_projects', p_all_projects));
end
$$;

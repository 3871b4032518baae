-- The answer for an id that is unknown, or of another project, which is the same.
create function coord._refuse_unknown_approval(p_call coord._call) returns jsonb
language plpgsql volatile
as $$
begin
  return coord._refuse(p_call, 'not_found', 'There is no such approval.', 'See list_approvals for those of this project.');
end
$$;

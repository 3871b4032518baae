-- Closes an operation that was refused. The error is returned, not raised: raising would roll its journal row back.
-- So an operation must refuse before it changes anything.
create function coord._refuse(
  p_call coord._call, p_code text, p_message text, p_hint text, p_details jsonb default null,
  p_resource text default null
) returns jsonb
language plpgsql volatile
as $$
begin
  return coord._leave(p_call, coord._error(p_code, p_message, p_hint, p_details),
    coalesce(p_resource, 'session:' || p_call.session_id), p_details, p_code);
end
$$;

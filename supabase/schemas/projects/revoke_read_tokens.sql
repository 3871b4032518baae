-- Makes all tokens for reading the caller's project worthless, from the next query on: they carry the old version.
-- Concurrency: the row decides; a token that is made meanwhile carries the version of before or after, and is as good.
create function coord.revoke_read_tokens(p_caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'revoke_read_tokens');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  update coord.projects p set read_token_version = p.read_token_version + 1 where p.project_id = v_call.project_id;
  return coord._leave(v_call, '{"revoked": true}', 'project:' || v_call.project_id);
end
$$;

grant execute on function coord.revoke_read_tokens to coord_app;

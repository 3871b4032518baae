-- Claims several tasks at once for the calling session; see _claim_batch.
create function coord.get_work_batch(
  p_caller jsonb, p_count integer, p_types text[] default null, p_lease_seconds integer default 900
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'get_work_batch');
  v_claims jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if coord._too_many_claims(v_call, p_count) then return coord._refuse_more_claims(v_call); end if;
  v_claims := coord._claim_batch(v_call, p_count, p_types, p_lease_seconds);
  return coord._leave(v_call, jsonb_build_object('claimed', v_claims <> '[]', 'claims', v_claims));
end
$$;

grant execute on function coord.get_work_batch to coord_app;

-- The claims that the calling session made in these transactions and still has, until they fill a page. Those of one
-- call fit into it; who names reports of several calls gets what does not by naming those of one. One that has lapsed
-- and was claimed anew has another transaction at the end of its trail: another call has handed it out. One after the
-- other, because what does not fit is not to be read either.
create function coord._claims_made(p_call coord._call, p_xact_ids xid8[]) returns jsonb
language plpgsql stable
as $$
declare
  v_id uuid;
  v_claim jsonb;
  v_claims jsonb := '[]';
  v_bytes integer;
  v_left integer := coord._page_bytes();
begin
  for v_id in
    select t.task_id from coord.tasks t
    where t.project_id = p_call.project_id and t.status = 'claimed' and t.claim_session_id = p_call.session_id
      and t.claim_expires_at > clock_timestamp() and t.trail[cardinality(t.trail)] = any (p_xact_ids)
      and t.task_id = any (array(
        select substr(j.resource, length('task:') + 1)::uuid from coord.journal j
        where j.project_id = p_call.project_id and j.xact_id = any (p_xact_ids)
          and j.session_id = p_call.session_id and j.operation in ('get_work', 'get_work_batch')))
    order by t.rank, t.task_id
  loop
    select coord._claim_of(t), coord._claim_bytes(t) into v_claim, v_bytes
    from coord.tasks t where t.project_id = p_call.project_id and t.task_id = v_id;
    v_claims := v_claims || v_claim;
    v_left := v_left - v_bytes;
    exit when v_left <= 0;
  end loop;
  return v_claims;
end
$$;

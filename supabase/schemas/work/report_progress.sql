-- Notes how far a claimed task has come, for others to read, and renews the claim. The last 20 notes are kept.
-- Concurrency: one guarded write, as complete_work: who has lost the claim is told.
create function coord.report_progress(
  p_caller jsonb, p_task_id uuid, p_claim_token bigint, p_note text, p_percent integer default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'report_progress');
  v_note jsonb;
  v_expires_at timestamptz;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_note := jsonb_build_object('noted_at', clock_timestamp(), 'agent', v_call.agent, 'note', p_note, 'percent',
    p_percent);
  update coord.tasks t set terms.progress_at = clock_timestamp(),
    terms.progress = jsonb_path_query_array(jsonb_build_array(v_note)
      || coalesce((t.terms).progress, '[]'), '$[0 to 19]')
  where t.project_id = v_call.project_id and t.task_id = p_task_id and t.claim_token = p_claim_token
    and t.status = 'claimed' and t.claim_session_id = v_call.session_id and t.claim_expires_at > clock_timestamp();
  if not found then
    return coord._refuse_claim(v_call, p_task_id, p_claim_token);
  end if;
  -- With the locks on its paths, which must not lapse before it.
  perform coord._renew_claims(v_call.project_id, v_call.session_id, 0);
  select t.claim_expires_at into v_expires_at from coord.tasks t
  where t.project_id = v_call.project_id and t.task_id = p_task_id;
  return coord._leave(v_call, jsonb_build_object('noted', true, 'claim_expires_at', v_expires_at), 'task:' || p_task_id,
    jsonb_strip_nulls(jsonb_build_object('note', left(p_note, 500), 'percent', p_percent)));
end
$$;

grant execute on function coord.report_progress to coord_app;

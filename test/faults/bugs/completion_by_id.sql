-- A completion that names the task alone: whoever lost it can still end it.
select faults.plant('coord.complete_work', 'and t.claim_token = p_claim_token
    and t.status = ''claimed'' and t.claim_session_id = v_call.session_id and t.claim_expires_at > clock_timestamp()', '');

-- A release that asks for no token and no holder: whoever names the path frees it.
select faults.plant('coord._release_lock', 'and l.session_id = p_call.session_id
    and l.expires_at > clock_timestamp() and (p_token is null or l.token = p_token)', '');

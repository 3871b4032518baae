-- A release that asks for no token and no holder: whoever names the path frees it.
select faults.plant('coord.release_lock', 'and l.session_id = v_call.session_id
    and l.expires_at > clock_timestamp() and p_paths[2]', 'and l.session_id is not null and p_paths[2]');
select faults.plant('coord.release_lock', 'l.token = coalesce(p_tokens[1], l.token) and ', '');

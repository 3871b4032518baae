-- True for journal rows that everybody may read where the project is public: what was done with locks, tasks, threads,
-- decisions, handoffs and sessions. Refusals tell what somebody tried, and what is not listed is for members; so a new
-- operation stays with them until somebody thinks about it. Parsed when it is made: a reader with a search path of his
-- own cannot give the operators in it another meaning.
create function coord._is_open(p_operation text, p_outcome text) returns boolean
language sql immutable
return
  p_outcome in ('ok', 'held', 'lapsed', 'assigned', 'unassigned', 'escalated')
    and p_operation in ('acquire_lock', 'release_lock', 'force_release_lock', 'submit_work', 'submit_work_batch',
      'get_work', 'get_work_batch', 'complete_work', 'release_task', 'report_progress', 'cancel_task', 'retry_task',
      'register_session', 'end_session', 'create_thread', 'reply_to_thread', 'set_thread_status', 'log_decision',
      'write_handoff', 'sweep');

grant execute on function coord._is_open to coord_reader;

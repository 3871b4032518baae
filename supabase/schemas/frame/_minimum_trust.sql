-- GENERATED from packages/contract by `npm run fix`; do not edit.
-- Least trust that may call an operation; 5, which nobody has, for names that are no operation.
-- Has no `set search_path` so that the planner can inline it; one jsonb constant is read faster than 20 cases.
create function coord._minimum_trust(p_operation text) returns smallint
language sql immutable parallel safe
as $$
  select coalesce(('{
    "acquire_lock": 2,
    "check_locks": 1,
    "force_release_lock": 3,
    "release_lock": 2,
    "complete_work": 2,
    "get_work": 2,
    "release_task": 2,
    "report_progress": 2,
    "submit_work": 2,
    "get_task": 1,
    "get_task_board": 1,
    "list_tasks": 1,
    "cancel_task": 2,
    "find_hung": 1,
    "get_agent_history": 1,
    "get_task_history": 1,
    "get_work_batch": 2,
    "retry_task": 2,
    "submit_work_batch": 2,
    "discover_agents": 1,
    "end_session": 1,
    "heartbeat": 1,
    "register_session": 1,
    "sweep": 3,
    "check_approval": 1,
    "decide_approval": 3,
    "list_approvals": 1,
    "request_approval": 2,
    "use_approval": 2,
    "delete_approval_rule": 4,
    "list_approval_rules": 1,
    "set_approval_rule": 4,
    "create_key": 4,
    "list_keys": 4,
    "revoke_key": 4,
    "create_project": 4,
    "list_projects": 4,
    "complete_task": 2,
    "create_task": 2,
    "get_next_task": 2,
    "register_agent": 1
  }'::jsonb ->> p_operation)::smallint, 5::smallint);
$$;

-- Opens every operation: finds the session that calls, checks that it lives and is trusted enough, keeps it alive,
-- and answers at once when the call may not go on or repeats an earlier one.
-- The common path is one look-up of a session whose `caller` is p_caller and nothing more, so that project, key and
-- session are compared at once: PL/pgSQL prepares each expression anew in each transaction, so every operator here is
-- paid by every call, and a row is assigned fast only if it has just the columns of _call. Whatever is doubtful is
-- looked at closer by _enter_doubtful.
create function coord._enter(p_caller jsonb, p_operation text, p_active boolean default true) returns coord._call
language plpgsql volatile
as $$
declare
  v_call coord._call;
begin
  select s.project_id, s.session_id, s.agent, p_operation, null::jsonb, null::jsonb into v_call
  from coord.sessions s
  where s.caller = p_caller and s.fresh_until > clock_timestamp()
    and s.trust >= coord._minimum_trust(p_operation);
  if v_call.session_id is null then
    return coord._enter_doubtful(p_caller, p_operation, p_active);
  end if;
  return v_call;
end
$$;

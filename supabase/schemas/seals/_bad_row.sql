-- Where the journal is not what it was, as verify_audit says it.
create function coord._bad_row(p_problem text, p_seal_number integer, p_xact_id xid8, p_entry_id bigint) returns jsonb
language sql immutable
as $$
  select jsonb_build_object('problem', p_problem, 'seal_number', p_seal_number, 'cursor', p_xact_id || '-' || p_entry_id);
$$;

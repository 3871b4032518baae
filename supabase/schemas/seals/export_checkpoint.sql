-- The head of the chain, for whoever keeps it elsewhere: core signs it (p_computed has the public key that goes with
-- the signature) with a key that this database never sees. Whoever has it can tell later whether anything up to there
-- was changed or cut off. Whoever may read the project may ask.
create function coord.export_checkpoint(p_caller jsonb, p_computed jsonb default null) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'export_checkpoint');
  v_seal coord.seals;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_seal := coord._last_seal(v_call.project_id);
  if v_seal.seal_number = 0 then
    return coord._refuse(v_call, 'not_found', 'Nothing has been sealed yet.',
      'Ask again in a few seconds: whatever process of agentcoord runs seals the journal.');
  end if;
  return coord._leave(v_call, (
    select jsonb_build_object('format', 'agentcoord-checkpoint-1', 'project', p.name, 'seal_number', v_seal.seal_number,
      'seal_hash', encode(v_seal.seal_hash, 'hex'), 'total_rows', v_seal.total_rows,
      'cursor', v_seal.last_xact_id || '-' || v_seal.last_entry_id, 'sealed_at', v_seal.sealed_at) || p_computed
    from coord.projects p where p.project_id = v_call.project_id));
end
$$;

grant execute on function coord.export_checkpoint to coord_app;

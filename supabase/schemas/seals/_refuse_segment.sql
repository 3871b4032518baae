-- Why the rows up to a seal cannot be dropped, if they cannot: there is no such seal, or one of the rows is too young,
-- or there are too many at once, or they are not what was sealed. Null when they can.
create function coord._refuse_segment(
  p_call coord._call, p_first integer, p_last coord.seals, p_last_seal integer, p_older_than_days integer
) returns jsonb
language plpgsql volatile
as $$
declare
  v_before coord.seals := coord._seal_at(p_call.project_id, p_first - 1);
  v_bad jsonb;
begin
  if p_last.seal_number = 0 or p_last_seal < p_first then
    return coord._refuse(p_call, 'not_found', format('last_seal: there is no seal %s with rows that can be dropped.', p_last_seal),
      format('The first one that has rows is %s.', p_first));
  elsif p_last.total_rows - v_before.total_rows > 50000 then
    return coord._refuse(p_call, 'limit_exceeded', 'last_seal: more than 50,000 rows at once.',
      'Export and drop fewer seals at a time, as agentcoord audit export --drop does.', '{"reason": "segment_too_large"}');
  end if;
  v_bad := (coord._verify_seals(p_call.project_id, p_first - 1, (p_last.total_rows - v_before.total_rows)::integer)).bad;
  if v_bad is not null then
    return coord._refuse(p_call, 'conflict', 'A row of the segment is not as it was when it was sealed; nothing was dropped.',
      'Call verify_audit, keep a backup of the database, and find out who did it.',
      jsonb_build_object('reason', 'segment_changed', 'first_bad', v_bad));
  elsif coord._newest_at(p_last, v_before) >= clock_timestamp() - make_interval(days => p_older_than_days) then
    return coord._refuse(p_call, 'conflict', format('last_seal: a row of the segment is not older than %s days.', p_older_than_days),
      'Export with the same older_than_days, which leaves such rows out.', '{"reason": "segment_too_young"}');
  end if;
  return null;
end
$$;

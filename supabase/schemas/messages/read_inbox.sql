-- What needs the caller: messages, mentions, assigned tasks, decided approvals, lost locks; the oldest first. Reading
-- marks for this session alone. Whoever must not lose an item with a lost answer repeats the call with its idempotency
-- key, or reads with p_mark_read false and names what it has got in p_read_item_ids. p_wait_seconds is for whoever
-- calls: waiting is not done here.
-- An empty inbox costs two probes and writes nothing: nothing for the agent, nor for all, is as new as its floor. To
-- ask whether something exists above it would let Postgres hope to meet it at once, and read the whole table. For what
-- is not empty, see _read_inbox.
create function coord.read_inbox(
  p_caller jsonb, p_mark_read boolean default true, p_read_item_ids uuid[] default null, p_limit integer default 20,
  p_wait_seconds integer default 0
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'read_inbox');
  v_reader coord.inbox_readers;
  v_newest xid8;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_reader := coord._inbox_reader(v_call);
  v_newest := greatest((
    select i.xact_id from coord.inbox_items i where i.project_id = v_call.project_id and i.agent = v_call.agent
    order by i.xact_id desc, i.item_id desc limit 1), (
    select i.xact_id from coord.inbox_items i where i.project_id = v_call.project_id and i.agent = ''
    order by i.xact_id desc, i.item_id desc limit 1));
  if p_read_item_ids is null and coalesce(v_newest < v_reader.floor, true) then
    -- Nobody reads the answers in between, so notices are left for the last one.
    if p_wait_seconds > 0 then v_call.extra := nullif(v_call.extra - 'notices', '{}'); end if;
    return coord._leave(v_call, '{"received": false, "items": [], "more": false}', p_kept => 'null');
  end if;
  return coord._read_inbox(v_call, v_reader, p_mark_read, p_read_item_ids, p_limit, p_wait_seconds);
end
$$;

grant execute on function coord.read_inbox to coord_app;

-- The rest of read_inbox, when there may be something. Shows at most p_limit items and about 128 KiB, but at least one.
-- Concurrency: of two calls of one session, the receipt lets one have an item; the other waits for its commit, and gets
-- it when there is none. So a call that dies before its commit has read nothing.
create function coord._read_inbox(
  p_call coord._call, p_reader coord.inbox_readers, p_mark_read boolean, p_read_item_ids uuid[], p_limit integer,
  p_wait_seconds integer
) returns jsonb
language plpgsql volatile
as $$
declare
  -- Older than the snapshots below, so what they miss is not below it.
  v_xmin xid8 := pg_snapshot_xmin(pg_current_snapshot());
  v_unknown uuid := coord._unknown_item(p_reader, p_read_item_ids);
  v_read jsonb;
  v_items jsonb;
  v_more boolean := false;
  v_id uuid;
  v_shown uuid[] := '{}';
  v_bytes integer := 0;
begin
  if v_unknown is not null then
    return coord._refuse(p_call, 'not_found', format('read_item_ids: there is no item %s in your inbox.', v_unknown),
      'Name items that read_inbox has answered within 30 days.', p_resource => 'inbox:' || p_call.agent);
  end if;
  v_read := coord._mark_read(p_reader, p_read_item_ids);
  -- One by one, because to measure an item is to read it, and the others may have megabytes.
  for v_id in select o.item_id from coord._unread(p_reader, p_limit + 1) o order by o.xact_id, o.item_id loop
    v_more := cardinality(v_shown) = p_limit or v_bytes >= 131072;
    exit when v_more;
    v_shown := v_shown || v_id;
    v_bytes := v_bytes + (select octet_length(i.item::text) from coord.inbox_items i
      where i.project_id = p_reader.project_id and i.item_id = v_id);
  end loop;
  with shown as (
    select i.item_id, o.place, i.item || jsonb_strip_nulls(jsonb_build_object('item_id', i.item_id, 'kind', i.kind,
      'subject', i.subject, 'happened_at', i.at)) as item
    from unnest(v_shown) with ordinality o(item_id, place)
    join coord.inbox_items i on i.project_id = p_reader.project_id and i.item_id = o.item_id
  ), marked as (
    insert into coord.inbox_receipts (project_id, item_id, agent, session_id)
    select p_reader.project_id, s.item_id, p_reader.agent, p_reader.session_id from shown s
    where p_mark_read order by s.place
    on conflict do nothing returning item_id
  )
  select coalesce(jsonb_agg(s.item order by s.place), '[]') into v_items
  from shown s where not p_mark_read or s.item_id in (select m.item_id from marked m);
  if p_mark_read then
    v_read := v_read || jsonb_path_query_array(v_items, '$[*].item_id');
    perform coord._raise_floor(p_reader, v_xmin);
  end if;
  if v_items = '[]' and p_wait_seconds > 0 then p_call.extra := nullif(p_call.extra - 'notices', '{}'); end if;
  return coord._leave(p_call,
    jsonb_build_object('received', v_items <> '[]', 'items', v_items, 'more', v_more),
    case when v_read <> '[]' then 'inbox:' || p_call.agent end, jsonb_build_object('read', v_read),
    p_kept => case when v_items = '[]' or not p_mark_read then 'null'::jsonb end);
end
$$;

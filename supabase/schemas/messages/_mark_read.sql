-- Marks items as read by this session, and answers which of them were not yet. Of two calls at once, the receipt lets
-- one mark an item; the order in which both insert is the same.
create function coord._mark_read(p_reader coord.inbox_readers, p_item_ids uuid[]) returns jsonb
language plpgsql volatile
as $$
declare
  v_read jsonb;
begin
  with marked as (
    insert into coord.inbox_receipts (project_id, item_id, agent, session_id)
    select distinct p_reader.project_id, n.item_id, p_reader.agent, p_reader.session_id from unnest(p_item_ids) n(item_id)
    order by 2
    on conflict do nothing returning item_id
  )
  select coalesce(jsonb_agg(m.item_id), '[]') into v_read from marked m;
  return v_read;
end
$$;

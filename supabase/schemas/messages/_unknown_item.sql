-- The first of these items that was never for this reader's agent, or null.
create function coord._unknown_item(p_reader coord.inbox_readers, p_item_ids uuid[]) returns uuid
language sql stable
as $$
  select n.item_id from unnest(p_item_ids) with ordinality n(item_id, place)
  where not exists (
    select from coord.inbox_items i
    where i.project_id = p_reader.project_id and i.item_id = n.item_id and i.agent in (p_reader.agent, ''))
  order by n.place limit 1;
$$;

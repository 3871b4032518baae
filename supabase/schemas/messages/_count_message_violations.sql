-- The part of count_violations about the inbox and threads.
create function coord._count_message_violations() returns jsonb
language sql volatile
as $$
  with
  items as materialized (
    select i.* from coord.projects p cross join lateral (
      select n.* from coord.inbox_items n where n.project_id = p.project_id order by n.item_id desc limit 2000) i),
  receipts as materialized (
    select r.* from items i
    join coord.inbox_receipts r on r.project_id = i.project_id and r.item_id = i.item_id limit 5000),
  threads as materialized (select n.* from coord.threads n limit 2000)
  select to_jsonb(of_items) || to_jsonb(of_skipped) || to_jsonb(of_receipts) || to_jsonb(of_threads)
  from (
    select count(*) filter (where i.at > clock_timestamp()) as inbox_items_of_the_future,
      count(*) filter (where i.agent <> '' and a.agent is null) as inbox_items_for_nobody,
      count(*) filter (where i.agent = '' and i.session_id is not null) as inbox_items_for_everybody_and_one
    from items i left join coord.agents a on a.project_id = i.project_id and a.agent = i.agent
  ) of_items, (
    -- Below its floor a session never looks, so there must be nothing that came since it began and that it has not read.
    select count(*) as unread_items_below_floors
    from (select n.* from coord.inbox_readers n limit 1000) r
    join items i on i.project_id = r.project_id and i.agent in (r.agent, '') and i.xact_id < r.floor
    where i.session_id is null and i.at > r.started_at and i.from_session_id is distinct from r.session_id
      and r.floor <= pg_snapshot_xmax(pg_current_snapshot())
      and not exists (select from coord.inbox_receipts x where x.project_id = i.project_id and x.item_id = i.item_id
        and x.agent = r.agent and x.session_id = r.session_id)
  ) of_skipped, (
    select count(*) filter (where i.agent not in (r.agent, '')) as inbox_receipts_of_others
    from receipts r join items i on i.project_id = r.project_id and i.item_id = r.item_id
  ) of_receipts, (
    select count(*) filter (where t.posts <> c.posts or t.posts <> c.last) as threads_with_wrong_count_of_posts
    from threads t cross join lateral (
      select count(*) as posts, max(p.post_number) as last
      from coord.thread_posts p where p.project_id = t.project_id and p.thread_id = t.thread_id) c
  ) of_threads;
$$;

-- A thread and its posts in their order, after the number of one that was read before: at most p_limit and about
-- 128 KiB, but at least one. A post that is written meanwhile comes with the next page.
create function coord.read_thread(
  p_caller jsonb, p_thread_id uuid, p_after integer default 0, p_limit integer default 50
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'read_thread');
  v_thread coord.threads;
  v_posts jsonb;
  v_last integer;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  select t.* into v_thread from coord.threads t where t.project_id = v_call.project_id and t.thread_id = p_thread_id;
  if not found then return coord._refuse_thread(v_call); end if;
  select coalesce(jsonb_agg(jsonb_build_object('post_number', s.post_number, 'agent', s.agent, 'posted_at', s.at,
      'text', s.text, 'mentions', s.mentions) order by s.post_number), '[]'), max(s.post_number)
    into v_posts, v_last
  from (
    select p.*, sum(octet_length(p.text)) over (order by p.post_number) - octet_length(p.text) as bytes_before
    from coord.thread_posts p
    where p.project_id = v_call.project_id and p.thread_id = p_thread_id
      and p.post_number > p_after and p.post_number - p_limit <= p_after and p.post_number <= v_thread.posts
  ) s
  where s.bytes_before < 131072;
  return coord._leave(v_call, jsonb_build_object('thread', coord._thread_summary(v_thread), 'posts', v_posts,
    'next_after', case when v_last < v_thread.posts then v_last end));
end
$$;

grant execute on function coord.read_thread to coord_app;

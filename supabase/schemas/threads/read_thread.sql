-- A thread and its posts in their order, after the number of one that was read before.
create function coord.read_thread(
  p_caller jsonb, p_thread_id uuid, p_after integer default 0, p_limit integer default 50
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'read_thread');
  v_thread coord.threads;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  select t.* into v_thread from coord.threads t where t.project_id = v_call.project_id and t.thread_id = p_thread_id;
  if not found then return coord._refuse_thread(v_call); end if;
  return coord._leave(v_call, jsonb_build_object('thread', coord._thread_summary(v_thread),
    'posts', coalesce((
      select jsonb_agg(jsonb_build_object('post_number', p.post_number, 'agent', p.agent, 'posted_at', p.at,
        'text', p.text, 'mentions', p.mentions) order by p.post_number)
      from coord.thread_posts p
      where p.project_id = v_call.project_id and p.thread_id = p_thread_id
        and p.post_number > p_after and p.post_number <= least(p_after + p_limit, v_thread.posts)), '[]'),
    'next_after', case when p_after + p_limit < v_thread.posts then p_after + p_limit end));
end
$$;

grant execute on function coord.read_thread to coord_app;

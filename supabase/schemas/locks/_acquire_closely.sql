-- acquire_lock for a caller that has the advisory lock, with paths in normal form and order: trees and globs, shared
-- locks, new paths, locks that have expired or are waited for. See _take for why it is safe.
create function coord._acquire_closely(
  p_call coord._call, p_paths text[], p_reason text, p_ttl_seconds integer, p_shared boolean, p_wait_seconds integer
) returns jsonb
language plpgsql volatile
as $$
declare
  v_waiter_id bigint := coord._place_in_queue(p_call, p_paths, p_shared);
  v_taken record;
  v_refusal jsonb;
begin
  v_refusal := coord._refuse_broad(p_call, p_paths);
  if v_refusal is not null then return v_refusal; end if;
  if coord._too_many_scopes(p_call, p_paths) then
    return coord._refuse(p_call, 'limit_exceeded', 'An agent can hold and wait for 50 trees at once, 10 of them globs.',
      'Release some, or lock one tree instead of several in it.', '{"reason": "too_many_scopes"}');
  end if;
  if p_shared and coord._shares_too_much(p_call, p_paths) then
    return coord._refuse(p_call, 'limit_exceeded', 'An agent can share 2,000 paths at once, each session counted by itself.',
      'Release some, or end sessions whose shares have lapsed, or share one tree instead of its files.', '{"reason": "too_many_shares"}');
  end if;
  v_taken := coord._take(p_call, p_paths, p_shared, p_reason, p_ttl_seconds, null, v_waiter_id);
  if v_taken.locks is not null then
    return coord._leave(p_call, jsonb_build_object('acquired', true, 'locks', v_taken.locks), p_paths[1], v_taken.locks);
  elsif v_taken.full_until is not null then
    return coord._refuse(p_call, 'limit_exceeded', 'This agent has locked 5,000 new paths within an hour.',
      'Go on at resets_at, or with what has been locked before. A tree such as src/api/ counts once, with all its files.',
      jsonb_build_object('reason', 'too_many_paths', 'resets_at', v_taken.full_until,
        'retry_after_seconds', ceil(extract(epoch from v_taken.full_until - clock_timestamp()))));
  elsif p_wait_seconds > 0 and v_waiter_id is null and coord._waits_too_much(p_call, p_paths) then
    return coord._refuse(p_call, 'limit_exceeded', 'An agent waits for 2,000 paths, and with 200 calls, at most.',
      'Wait for a tree instead of its files, or let one call be answered first.', '{"reason": "too_many_waiting"}');
  elsif p_wait_seconds > 0 then
    return coord._wait_for_lock(p_call, p_paths, p_shared, v_waiter_id);
  end if;
  return coord._refuse_lock(p_call, p_paths, p_shared);
end
$$;

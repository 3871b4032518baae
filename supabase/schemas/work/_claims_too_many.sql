-- Whether with so many more the agent would have claimed over 2,000 tasks: all claims of a project are looked at by
-- whoever renews or counts some, and nobody is to take a whole queue for hours.
create function coord._claims_too_many(p_call coord._call, p_more integer) returns boolean
language plpgsql volatile
as $$
begin
  return (
    select count(*) + p_more > 2000 from coord.tasks t
    join coord.sessions s on s.project_id = t.project_id and s.session_id = t.claim_session_id
    where t.project_id = p_call.project_id and t.status = 'claimed' and t.claim_expires_at > clock_timestamp()
      and coalesce(s.delegated_from, s.agent) = coord._account(p_call));
end
$$;

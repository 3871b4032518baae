-- Whom the tasks of a lane are assigned to; null for the others. To read it from the terms of a task would fetch its
-- paths, too, which may have tens of kilobytes.
create function coord._assignee_of(p_lane text) returns text
language sql immutable parallel safe
as $$ select case when starts_with(p_lane, '~') then substr(split_part(p_lane, E'\t', 1), 2) end $$;

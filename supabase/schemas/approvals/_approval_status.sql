-- The status of an approval now: a pending one whose time is over is expired, whoever has swept.
create function coord._approval_status(p_status text, p_expires_at timestamptz) returns text
language sql volatile
as $$ select case when p_status = 'pending' and p_expires_at <= clock_timestamp() then 'expired' else p_status end $$;

-- Looks at the seals after one of that number, and at their rows: p_most rows or a little more, 5,000 seals at most,
-- and until p_enough has come.
-- What it answers counts those that are good, up to the first that is not; bad says where that is. That the seal before
-- them is good is for who asks to know: it was looked at by the call before.
-- Stable, so that all it reads is of one moment, whatever is written or dropped meanwhile. Nothing that somebody has
-- written into the tables makes it endless: of no seal more rows are read than it says to have.
create function coord._verify_seals(
  p_project_id integer, p_after_seal integer, p_most integer, p_enough timestamptz default 'infinity',
  out last_seal coord.seals, out seals integer, out rows bigint, out dropped_rows bigint, out bad jsonb
)
language plpgsql stable
as $$
declare
  v_seal coord.seals;
  v_dropped_through integer := coord._dropped_through(p_project_id);
begin
  last_seal := coord._seal_at(p_project_id, p_after_seal);
  seals := 0;
  rows := 0;
  dropped_rows := 0;
  for v_seal in
    select s.* from coord.seals s where s.project_id = p_project_id and s.seal_number > p_after_seal
    order by s.seal_number limit 5000
  loop
    bad := coord._check_seal(last_seal, v_seal, v_seal.seal_number <= v_dropped_through);
    exit when bad is not null;
    last_seal := v_seal;
    seals := seals + 1;
    if v_seal.seal_number <= v_dropped_through then dropped_rows := dropped_rows + v_seal.row_count;
    else rows := rows + v_seal.row_count;
    end if;
    exit when rows >= p_most or clock_timestamp() > p_enough;
  end loop;
end
$$;

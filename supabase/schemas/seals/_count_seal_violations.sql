-- What must never be of seals, for count_violations: of the newest 1,000 of each project whether each follows the one
-- before and has the hash of what it says, of the newest five whether they have as many rows as they say. That the rows
-- are the same is what verify_audit tells, which looks at all.
create function coord._count_seal_violations() returns jsonb
language plpgsql stable
as $$
begin
  return (
    with seals as materialized (
      select x.seal, lag(x.seal) over newer as before,
        row_number() over (partition by (x.seal).project_id order by (x.seal).seal_number desc) as age
      from coord.projects p
      cross join lateral (
        select n as seal from coord.seals n where n.project_id = p.project_id order by n.seal_number desc limit 1000) x
      window newer as (partition by (x.seal).project_id order by (x.seal).seal_number))
    select jsonb_build_object(
      'seals_that_do_not_follow', count(*) filter (where (before).seal_number <> (seal).seal_number - 1
        or (before).seal_hash <> (seal).previous_hash or (before).total_rows <> (seal).total_rows - (seal).row_count
        or ((before).last_xact_id, (before).last_entry_id) >= ((seal).first_xact_id, (seal).first_entry_id)),
      'seals_with_another_hash', count(*) filter (where coord._seal_hash(seal) <> (seal).seal_hash),
      'seals_with_other_rows', count(*) filter (where age <= 5 and before is not null
        and (seal).seal_number > coord._dropped_through((seal).project_id)
        and (seal).row_count <> (coord._rows_hash((seal).project_id, (before).last_xact_id, (before).last_entry_id,
          (seal).last_xact_id, (seal).last_entry_id, (seal).row_count + 1)).row_count))
    from seals);
end
$$;

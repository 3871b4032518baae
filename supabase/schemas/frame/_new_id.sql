-- _new_id(): a UUID of version 7: random, and ordered by the time it was made, so that indexes grow at their end.
-- Ids tell nothing of other projects but the clock. Postgres has its own from version 18 on.
do $$
begin
  if to_regprocedure('pg_catalog.uuidv7()') is not null then
    create function coord._new_id() returns uuid language sql volatile as 'select pg_catalog.uuidv7()';
  else
    create function coord._new_id() returns uuid language sql volatile
    as $body$
      select encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
        placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
        52, 1), 53, 1), 'hex')::uuid;
    $body$;
  end if;
end
$$;

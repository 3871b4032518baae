-- A UUID of version 7: random, and ordered by the time it was made, so that indexes grow at their end.
-- Ids tell nothing of other projects but the clock. (Postgres 18 has uuidv7(); this runs on 15 too.)
create function coord._new_id() returns uuid
language sql volatile
as $$
  select encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
    placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
    52, 1), 53, 1), 'hex')::uuid;
$$;

-- A key nobody has: ac_<id>_<secret><checksum>. 256 random bits from three UUIDs of Postgres' own strong generator; the
-- checksum lets doors refuse a mistyped key without asking.
create function coord._new_key(out key_id text, out secret_hash text, out api_key text)
language plpgsql volatile
as $$
declare
  v_secret text := encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
    || uuid_send(gen_random_uuid())), 'hex');
begin
  key_id := left(encode(sha256(uuid_send(gen_random_uuid())), 'hex'), 12);
  secret_hash := encode(sha256(convert_to(v_secret, 'UTF8')), 'hex');
  api_key := 'ac_' || key_id || '_' || v_secret
    || left(encode(sha256(convert_to(key_id || '_' || v_secret, 'UTF8')), 'hex'), 8);
end
$$;

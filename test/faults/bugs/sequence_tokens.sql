-- Tokens from a sequence, of which each connection keeps some in stock: whoever comes later may get an older one.
create sequence coord.tokens cache 20;
grant usage on sequence coord.tokens to coord_owner;
select faults.plant('coord._take_lock', 'v_lock jsonb;', 'v_lock jsonb; v_token bigint := nextval(''coord.tokens'');');
select faults.plant('coord._take_lock', 'p_path, 1, p_call', 'p_path, v_token, p_call');
select faults.plant('coord._take_lock', 'token = l.token + 1', 'token = excluded.token');

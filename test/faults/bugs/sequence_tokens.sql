-- Tokens from a sequence, of which each connection keeps some in stock: whoever comes later may get an older one.
create sequence coord.tokens cache 20;
grant usage on sequence coord.tokens to coord_owner;
select faults.plant('coord.acquire_lock', 'l.token + 1', 'nextval(''coord.tokens'')');

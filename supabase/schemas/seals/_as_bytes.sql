-- A text as bytes of which one can tell where they end: its length in UTF-8, then the text; ffffffff for null.
create function coord._as_bytes(p_text text) returns bytea
language sql stable
as $$ select coalesce(int4send(length(convert_to(p_text, 'UTF8'))) || convert_to(p_text, 'UTF8'), '\xffffffff') $$;

-- A pattern taken apart; kind is null for what is none. Wildcards stand for whole labels, and only in front:
-- *.github.com matches what is below github.com, not github.com itself. An exact name is narrower than any wildcard, a
-- wildcard narrower the more labels it has, a network the longer its mask is.
create function coord._network_pattern(
  p_pattern text, out kind text, out name text, out network inet, out specificity smallint
)
language plpgsql immutable
as $$
begin
  network := coord._address(p_pattern, true);
  if p_pattern = '*' then
    kind := 'any';
    specificity := 0;
  elsif network is not null then
    kind := 'network';
    specificity := masklen(network) + case family(network) when 4 then 96 else 0 end;
  elsif p_pattern ~ '^\*\.' and coord._is_host_name(substr(p_pattern, 3)) then
    kind := 'below';
    name := substr(p_pattern, 3);
    specificity := cardinality(string_to_array(name, '.'));
  elsif coord._is_host_name(p_pattern) then
    kind := 'name';
    name := p_pattern;
    specificity := 128;
  end if;
end
$$;

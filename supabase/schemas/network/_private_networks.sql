-- Addresses that are nobody's in the public internet: loopback, private, link-local, shared, documentation, multicast,
-- reserved, and every form of IPv6 that only carries an IPv4 address. Of IPv6, 2000::/3 is public and nothing else.
create function coord._private_networks() returns inet[]
language sql immutable parallel safe
as $$
  select '{0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.0.0.0/24, 192.0.2.0/24,
    192.88.99.0/24, 192.168.0.0/16, 198.18.0.0/15, 198.51.100.0/24, 203.0.113.0/24, 224.0.0.0/4, 240.0.0.0/4,
    ::/3, 4000::/2, 8000::/1, 2001::/23, 2001:db8::/32, 2002::/16, 3fff::/20}'::inet[];
$$;

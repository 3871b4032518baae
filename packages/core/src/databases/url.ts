import type { ConnectionOptions } from '../migrations/index.ts';

/**
 * What postgres.js connects with for a URL. It knows no `?host=/folder`, by which libpq's URLs name a unix socket, and
 * passes `pgbouncer=true`, which is meant for clients, on to a server that refuses it.
 */
export function connectionOf(url: string): ConnectionOptions {
  const parsed = new URL(url);
  const { username, password, port, pathname, searchParams } = parsed;
  const folder = searchParams.get('host');
  if (!folder?.startsWith('/')) {
    if (!searchParams.has('pgbouncer')) return url;
    searchParams.delete('pgbouncer');
    return parsed.href;
  }
  return {
    host: folder,
    port: Number(port || 5432),
    database: decodeURIComponent(pathname.slice(1)),
    username: decodeURIComponent(username),
    password: decodeURIComponent(password),
  };
}

/** True when the URL leads to a transaction pooler: Supabase's port, or the parameter by which others say so. */
export function isPooled(url: string): boolean {
  const { port, searchParams } = new URL(url);
  return port === '6543' || searchParams.get('pgbouncer') === 'true';
}

import type { ConnectionOptions } from '../migrations/index.ts';

/** What postgres.js connects with for a URL. It knows no `?host=/folder`, by which libpq's URLs name a unix socket. */
export function connectionOf(url: string): ConnectionOptions {
  const { username, password, port, pathname, searchParams } = new URL(url);
  const folder = searchParams.get('host');
  if (!folder?.startsWith('/')) return url;
  return {
    host: folder,
    port: Number(port || 5432),
    database: decodeURIComponent(pathname.slice(1)),
    username: decodeURIComponent(username),
    password: decodeURIComponent(password),
  };
}

import { randomUUID } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isRoot, userName } from './account.ts';
import type { Place } from './place.ts';

/** Login of the user who runs the coordinator; owns everything in the server. */
export const superuser = 'agentcoord';

/**
 * Writes the server's configuration. It stands beside the cluster, not in it, and is written at every start, so that
 * clusters of older versions get today's settings; what fsync and its like decide stays at Postgres' safe defaults.
 */
export async function writeConfiguration(place: Place): Promise<void> {
  const settings: Record<string, string> = {
    listen_addresses: '',
    // A list: the inner quotes keep a comma in the path from separating two folders.
    unix_socket_directories: `"${place.socketFolder.replaceAll('"', '""')}"`,
    unix_socket_permissions: '0700',
    hba_file: join(place.base, 'pg_hba.conf'),
    ident_file: join(place.base, 'pg_ident.conf'),
    max_connections: '200',
    idle_in_transaction_session_timeout: '30s',
    // systemd deletes POSIX shared memory of users who log out, and containers have 64 MB of it.
    dynamic_shared_memory_type: 'mmap',
    log_checkpoints: 'off',
    // Rows and texts of users stay out of the log.
    log_error_verbosity: 'terse',
    log_min_error_statement: 'panic',
    timezone: 'UTC',
    log_timezone: 'UTC',
    default_text_search_config: 'pg_catalog.english',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${quoted(value)}\n`);
  await replaceFile(join(place.base, 'postgresql.conf'), lines.join(''));
  await replaceFile(join(place.base, 'pg_hba.conf'), 'local all all peer map=coordinator\n');
  // Whoever may log in as superuser may become any role anyway.
  await replaceFile(join(place.base, 'pg_ident.conf'), `coordinator "${userName()}" all\n`);
}

function quoted(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

/** Written aside and renamed, because a server that is starting may be reading the old one. */
async function replaceFile(path: string, content: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  // A server that runs as another account has to read it.
  await writeFile(temporary, content, { flag: 'wx', mode: isRoot() ? 0o644 : 0o600 });
  await rename(temporary, path);
}

import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isRoot, serverAccounts } from '../../packages/core/src/embedded/account.ts';
import { findBinaries } from '../../packages/core/src/embedded/binaries.ts';
import { placeOf } from '../../packages/core/src/embedded/place.ts';

const execute = promisify(execFile);

/** A Postgres on a loopback port, for clients that know no unix sockets and roles that log in with a password. */
export interface TcpServer {
  /** Where its superuser connects. */
  url: string;
  stop(): Promise<void>;
}

/** Debian's folder of another Postgres; undefined where it is not installed. */
export function installedBinaries(major: number): string | undefined {
  const folder = `/usr/lib/postgresql/${major}/bin`;
  return existsSync(join(folder, 'initdb')) ? folder : undefined;
}

/** Starts a new, empty server; from the binaries of the npm package when no folder is named. */
export async function startTcpServer(binaries?: string): Promise<TcpServer> {
  const folder = await mkdtemp(join(tmpdir(), 'coord-tcp-'));
  const [account] = serverAccounts();
  const programs = binaries ?? (await findBinaries({ ...placeOf(folder), account })).folder;
  const options = { cwd: folder, ...(isRoot() ? account : {}) };
  const password = randomUUID();
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, password, { mode: 0o600 });
  await chmod(folder, 0o700);
  for (const path of [passwordFile, folder]) await chown(path, account.uid, account.gid);
  const initdb = `-D data -U postgres --locale=C -E UTF8 -A scram-sha-256 --pwfile=${passwordFile} --no-sync`;
  await execute(join(programs, 'initdb'), initdb.split(' '), options);
  const port = await freePort();
  const settings = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off`;
  const control = (...args: string[]) =>
    execute(join(programs, 'pg_ctl'), ['-D', 'data', '-w', '-s', ...args], options);
  await control('-l', 'log', '-o', settings, 'start');
  return {
    url: `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`,
    async stop() {
      await control('-m', 'immediate', 'stop');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

import { readFileSync, type Stats } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { refusal } from './refusal.ts';

/** An account of the operating system. */
export interface Account {
  uid: number;
  gid: number;
}

const elsewhere = 'Set DATABASE_URL to a Postgres server, or run inside WSL.';

/** True when the server has to run as another account, because Postgres refuses root. */
export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** The account of this process. */
export function ownAccount(): Account {
  const { getuid, getgid } = process;
  if (process.platform === 'win32' || !getuid || !getgid) {
    throw refusal('unavailable', 'The embedded Postgres does not run on Windows.', elsewhere);
  }
  return { uid: getuid.call(process), gid: getgid.call(process) };
}

/** The accounts the server may run as, the preferred one first. */
export function serverAccounts(): [Account, ...Account[]] {
  const own = ownAccount();
  if (!isRoot()) return [own];
  const entries = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const accounts = ['postgres', 'nobody'].flatMap((name) => {
    const entry = entries.find((fields) => fields[0] === name);
    // macOS writes -2 for nobody.
    return entry ? [{ uid: Number(entry[2]) >>> 0, gid: Number(entry[3]) >>> 0 }] : [];
  });
  const [first, ...rest] = accounts.filter(({ uid }) => uid > 0);
  if (first) return [first, ...rest];
  throw refusal(
    'unavailable',
    'Postgres refuses to run as root, and there is no user `postgres` or `nobody` to run it as.',
    'Create a user `postgres`, run as an ordinary user, or set DATABASE_URL.',
  );
}

/** The name under which Postgres knows the user of this process. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch (cause) {
    throw refusal(
      'unavailable',
      'The user of this process has no name in the user database, and Postgres needs one.',
      'Add the user id to /etc/passwd, run as a named user, or set DATABASE_URL.',
      cause,
    );
  }
}

/** What permission bits of this file say about this account, as rwx in three bits. */
export function permissionsOf({ uid, gid, mode }: Stats, account: Account): number {
  const shift = uid === account.uid ? 6 : gid === account.gid ? 3 : 0;
  return (mode >> shift) & 7;
}

/** Whether the account may pass through the folder and all folders above it. */
export function canEnter(folder: string, account: Account, statOf: (path: string) => Stats): boolean {
  if ((permissionsOf(statOf(folder), account) & 1) === 0) return false;
  return folder === dirname(folder) || canEnter(dirname(folder), account, statOf);
}

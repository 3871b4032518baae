import { existsSync, realpathSync, statSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { type Account, canEnter, isRoot, ownAccount, serverAccounts } from './account.ts';
import { assertOwned, ownFolder } from './folder.ts';
import { digest, newOutside, outsideOf, settleOutside, systemFolder } from './outside.ts';
import { refusal, refusalOfFile } from './refusal.ts';

/** The number in the socket's file name; nothing listens on TCP. */
export const port = 5432;

/** Linux allows 107 bytes in the address of a unix socket, macOS 103. */
const maxSocketBytes = 103;

/** Where the one server of a home keeps its files. */
export interface Place {
  home: string;
  /** Parent of all that follows, and working folder of the server's tools. */
  base: string;
  cluster: string;
  /** Where a server started now would listen; one that is running may have been told otherwise. */
  socketFolder: string;
  log: string;
  /** The account the server runs as, and owner of cluster, socket and log. */
  account: Account;
}

/** The folder of the user's server: `AGENTCOORD_HOME`, else `~/.agentcoord`. */
export function defaultHome(env: NodeJS.ProcessEnv = process.env): string {
  return resolve(env.AGENTCOORD_HOME || join(homedir(), '.agentcoord'));
}

/** Works out the place of a home; creates nothing, and refuses what belongs to others. */
export function placeOf(folder: string): Place {
  try {
    return locate(folder);
  } catch (error) {
    throw refusalOfFile(error, folder);
  }
}

function locate(folder: string): Place {
  const home = existsSync(folder) ? realpathSync(folder) : resolve(folder);
  const accounts = serverAccounts();
  const base = baseOf(home, accounts[0]);
  if (existsSync(base)) assertOwned(base, ownAccount(), baseMode());
  const cluster = join(base, 'cluster');
  const owner = statSync(cluster, { throwIfNoEntry: false })?.uid;
  // A user `postgres` that was installed later must not take a cluster of `nobody` away.
  const account = accounts.find(({ uid }) => uid === owner) ?? accounts[0];
  return {
    home,
    base,
    cluster,
    socketFolder: socketFolderOf(base, account),
    log: join(base, 'log/server.log'),
    account,
  };
}

/** Creates the folders around the cluster, or refuses those that others could tamper with. */
export function prepare({ home, base, socketFolder, log, account }: Place): void {
  const own = ownAccount();
  if (dirname(base) === systemFolder) {
    ownFolder(systemFolder, own, 0o755);
    settleOutside(home, base);
  }
  ownFolder(base, own, baseMode());
  ownFolder(socketFolder, account, 0o700);
  ownFolder(join(log, '..'), account, 0o700);
}

/** A server of root has to pass through; what is in the folders below is closed to all others. */
function baseMode(): number {
  return isRoot() ? 0o711 : 0o700;
}

function baseOf(home: string, account: Account): string {
  const inside = join(home, 'postgres');
  if (!isRoot()) return inside;
  const outside = outsideOf(home);
  if (outside !== undefined) return outside;
  const reachable = existsSync(home) && canEnter(home, account, (path) => statSync(path));
  if (reachable) return inside;
  if (!existsSync(inside)) return newOutside(home);
  throw refusal(
    'forbidden',
    `The server's account (uid ${account.uid}) may not enter ${home} any more, where its data is.`,
    `Let it pass again: \`chmod o+x\` on ${home} or on the folder above it that is closed.`,
  );
}

function socketFolderOf(base: string, { uid }: Account): string {
  const inside = join(base, 'socket');
  const longest = Buffer.byteLength(join(inside, `.s.PGSQL.${port}`));
  return longest <= maxSocketBytes ? inside : join(realpathSync(tmpdir()), `agentcoord-${uid}-${digest(base)}`);
}

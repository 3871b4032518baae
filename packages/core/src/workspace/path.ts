import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { CoordinationError } from '@agentcoord/contract';

/**
 * The one name of a file in its repository: links resolved and case corrected as far as the path exists, separators
 * and Unicode form made equal. `base` is the folder that a relative path starts from. Throws `invalid_input` when the
 * file lies outside `root` (which has its links resolved already).
 */
export function repositoryPathOf(typed: string, root: string, base: string): string {
  // A drive, a share or a URL means the same in every folder; the database says what is wrong with it.
  if (!isAbsolute(typed) && /^([A-Za-z][A-Za-z0-9+.-]*:|\\)/.test(typed)) return typed;
  const path = relative(root, realPath(resolve(base, typed)));
  if (path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path)) {
    throw new CoordinationError({
      code: 'invalid_input',
      message: `paths: '${typed.slice(0, 100)}' lies outside the repository`,
      hint: 'Only files of the repository can be locked; give the path relative to its root, such as src/server.ts.',
    });
  }
  const normal = path.split(sep).join('/').normalize('NFC');
  // What ends in a slash or in dots names a folder; the database says what can be done with that.
  return /(^|[\\/])\.{0,2}$/.test(typed) || isFolder(resolve(root, path)) ? `${normal}/` : normal;
}

function isFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch {
    // A name that is too long, or below a file: not ours to say.
    return false;
  }
}

/** Resolves links in the part of the path that exists; the rest is taken as it stands. */
function realPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : resolve(realPath(parent), basename(path));
  }
}

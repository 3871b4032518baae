import { readlinkSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { CoordinationError } from '@agentcoord/contract';

/**
 * The one name of a file, a folder or a glob in its repository: links resolved and case corrected as far as the path
 * exists, separators and Unicode form made equal. `base` is the folder that a relative path starts from. A folder that
 * exists is named as the tree it is, and of a glob the part before the first wildcard is looked up. Throws
 * `invalid_input` for what lies outside `root` (which has its links resolved already).
 */
export function repositoryPathOf(typed: string, root: string, base: string): string {
  // A drive, a share, a URL or a named resource means the same in every folder; the database says what is wrong with it.
  if (!isAbsolute(typed) && /^([A-Za-z][A-Za-z0-9+.-]*:|\\)/.test(typed)) return typed;
  const [literal, pattern] = splitAtWildcard(typed.replaceAll('\\', '/'));
  const path = relative(root, realPath(resolve(base, literal)));
  if (path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path)) {
    throw new CoordinationError({
      code: 'invalid_input',
      message: `paths: '${typed.slice(0, 100)}' lies outside the repository`,
      hint:
        base === root
          ? 'Only files of the repository can be named: give the path relative to its root, such as src/server.ts.'
          : 'Only files of the repository can be named. Relative paths start from the current folder.',
    });
  }
  const folder = pattern || literal.endsWith('/') ? resolve(root, path) : dirname(resolve(root, path));
  if (base !== root && meansTheRoot(literal, root, folder)) {
    const meant = [relative(base, resolve(root, literal)), pattern].filter(Boolean).join('/') || '.';
    throw new CoordinationError({
      code: 'invalid_input',
      message: `paths: '${typed.slice(0, 100)}' is ${path.slice(0, 100)} here, whose folder does not exist`,
      hint: `Relative paths start from the current folder: did you mean ${meant}? What is new here begins with ./`,
    });
  }
  const normal = path.split(sep).join('/').normalize('NFC');
  if (pattern) return `${normal === '' ? '' : `${normal}/`}${pattern.normalize('NFC')}`;
  const isTree = isFolder(resolve(root, path)) ?? /(^|\/)\.{0,2}$/.test(literal);
  return isTree ? `${normal || '.'}/` : normal;
}

/** Whether somebody in a subfolder has named what is at the root: `folder`, where it would be here, is not there. */
function meansTheRoot(literal: string, root: string, folder: string): boolean {
  if (isAbsolute(literal) || /^\.{1,2}(\/|$)/.test(literal) || !literal.includes('/')) return false;
  return isFolder(folder) === undefined && isFolder(resolve(root, literal)) !== undefined;
}

/** The folders before the first segment that has a wildcard, and the rest. */
function splitAtWildcard(path: string): [literal: string, pattern: string] {
  const wildcard = path.search(/[*?]/);
  if (wildcard < 0) return [path, ''];
  const start = path.lastIndexOf('/', wildcard) + 1;
  return [path.slice(0, start), path.slice(start)];
}

/** Undefined where there is nothing yet. */
function isFolder(path: string): boolean | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory();
  } catch {
    // A name that is too long, or below a file: not ours to say.
    return undefined;
  }
}

/**
 * Resolves links in the part of the path that exists; the rest is taken as it stands. What is written through a link
 * that leads nowhere yet arrives where it leads, so that is its name.
 */
function realPath(path: string, links = { left: mostLinks }): string {
  try {
    return realpathSync.native(path);
  } catch {
    const parent = dirname(path);
    if (parent === path) return path;
    const folder = realPath(parent, links);
    const target = linkAt(resolve(folder, basename(path)));
    if (target === undefined) return resolve(folder, basename(path));
    if (links.left-- === 0) throw endlessLink(path);
    return realPath(resolve(folder, target), links);
  }
}

/** As many as Linux follows. */
const mostLinks = 40;

function endlessLink(path: string): CoordinationError {
  return new CoordinationError({
    code: 'invalid_input',
    message: `paths: '${basename(path).slice(0, 100)}' is a link that leads to itself`,
    hint: 'Name a file: what that link is meant to lead to.',
  });
}

/** Where the link leads; undefined for all else. */
function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

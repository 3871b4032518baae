import { hole, isUnknown, longestPath } from '../shell/scope.ts';

/** What a path leads to, for who deletes or changes it. */
export type Place =
  | 'root' // the file system, a home, a folder of the system, what is above the working copy
  | 'whole' // the working copy itself, or all that is in it
  | 'generated' // build output, caches, temporary files
  | 'other';

const systemFolders =
  'bin boot dev etc home lib lib32 lib64 media mnt opt proc root run sbin srv sys usr var Users System Library Applications Volumes private cores Windows'.split(
    ' ',
  );

/** Folders that tools fill and that no repository keeps. */
const generated =
  /^(node_modules|bower_components|dist|build|_build|out|output|target|bin\/debug|obj|coverage|htmlcov|\.nyc_output|\.next|\.nuxt|\.output|\.svelte-kit|\.angular|\.astro|\.turbo|\.parcel-cache|\.cache|\.vite|\.vercel|\.netlify|\.serverless|\.terraform|__pycache__|\.pytest_cache|\.mypy_cache|\.ruff_cache|\.hypothesis|\.tox|\.nox|\.venv|venv|\.eggs|.*\.egg-info|\.gradle|\.dart_tool|\.bundle|DerivedData|Pods|storybook-static|playwright-report|test-results|tmp|temp|\.tmp|logs?|\.eslintcache|\.stylelintcache|.*\.tsbuildinfo|.*\.pyc|.*\.log|.*\.tmp|\.DS_Store|package-lock\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|Cargo\.lock|poetry\.lock|uv\.lock)$/;

/** `a//b/./c/` → `a/b/c`; resolves `..` where something stands before it. */
export function plainPath(path: string): string {
  const absolute = path.startsWith('/');
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..' && parts.at(-1) !== '~') parts.pop();
    else if (part !== '..' || !absolute) parts.push(part);
  }
  return (absolute ? '/' : '') + (parts.join('/') || (absolute ? '' : '.'));
}

const isAll = (part: string | undefined) =>
  part !== undefined && /^(?:\*+|\.\*|\.\[\^\.\]\*|\.\?\?\*|\{,\.\}\*)$/.test(part);

export function placeOf(long: string): Place {
  const written = long.slice(0, longestPath);
  const path = plainPath(written.replaceAll('\\', '/'));
  if (/^[A-Za-z]:(\/\*?)?$/.test(path) || /^[A-Za-z]:\/(windows|users|program files)/i.test(path)) return 'root';
  if (/^%(userprofile|systemroot|homepath)%|^\$env:/i.test(path)) return 'root';
  const parts = path.split('/');
  if (path.startsWith('/')) return absolutePlace(parts.slice(1));
  if (/^~[\w.-]*$/.test(parts[0] ?? '')) {
    if (parts.length === 1 || isAll(parts[1])) return 'root';
    return /^~\/\.(cache|npm|pnpm-store)(\/|$)/.test(path) ? 'generated' : 'other';
  }
  if (parts[0] === '..') return parts.every((part) => part === '..' || isAll(part)) ? 'root' : 'other';
  if (path === '.' || (parts.length === 1 && isAll(path)) || path === '.git') return 'whole';
  return isGenerated(parts) ? 'generated' : 'other';
}

function absolutePlace(parts: readonly string[]): Place {
  const [first = '', second, third] = parts;
  if (first === '' || isAll(first) || /^[*?[]/.test(first)) return 'root';
  if (first === 'tmp' || (first === 'var' && second === 'tmp') || (first === 'private' && second === 'tmp')) {
    const below = first === 'tmp' ? second : third;
    return below === undefined || isAll(below) ? 'whole' : 'generated';
  }
  if (!systemFolders.includes(first)) return parts.length === 1 || isAll(second) ? 'root' : placeBelow(parts);
  if (second === undefined || isAll(second)) return 'root';
  // A home of somebody, or what the system cannot do without.
  if (first === 'home' || first === 'Users' || first === 'root') {
    const below = first === 'root' ? second : third;
    return below === undefined || isAll(below) ? 'root' : placeBelow(parts);
  }
  if (/^(bin|boot|dev|etc|lib\w*|proc|sbin|sys|System|Library|Applications|Windows)$/.test(first)) return 'root';
  if ((first === 'usr' || first === 'var') && (third === undefined || isAll(third) || second !== 'local'))
    return 'root';
  return placeBelow(parts);
}

const placeBelow = (parts: readonly string[]): Place => (isGenerated(parts) ? 'generated' : 'other');

/** In such a folder, or one itself; names with holes or wildcards in front may be anything. */
function isGenerated(parts: readonly string[]): boolean {
  if (parts.includes('..') || parts.some((part) => isUnknown(part) && part !== hole)) return false;
  const at = parts.findIndex((part) => generated.test(part));
  return at >= 0 && !parts.slice(0, at).some((part) => part.includes(hole));
}

/** A file of the operating system, which no work in a repository changes. */
export function isSystemFile(written: string): boolean {
  const path = plainPath(written.slice(0, longestPath));
  if (/^\/dev\/(null|stdout|stderr|stdin|tty|fd|full|zero|u?random)(\/|$)/.test(path)) return false;
  return /^\/(etc|bin|sbin|boot|lib\w*|sys|proc|System|Library)(\/|$)|^\/usr\/(bin|sbin|lib)/.test(path);
}

/** A disk, as dd and redirections write it. */
export function isDisk(written: string): boolean {
  return /^\/dev\/(sd|hd|vd|xvd|nvme|mmcblk|disk|rdisk|mapper|md|dm-|loop|mem|kmem|sr|ram)/.test(
    plainPath(written.slice(0, longestPath)),
  );
}

import type { Entity } from './request.ts';

/**
 * The file, tree, glob or name that a path of an input stands for, in the form in which the database writes it, so that
 * no spelling gets around a policy. What has no such form is refused there anyway.
 */
export function fileOf(path: string): Entity {
  const normal = normalPath(path);
  return { type: 'File', id: normal, attrs: { path: normal, kind: kindOf(normal) } };
}

/** `coord._lexical_path`, for paths that it does not refuse; a test compares the two. */
export function normalPath(path: string): string {
  if (isName(path)) return path;
  const text = path.replaceAll('\\', '/').normalize('NFC');
  const segments = segmentsOf(text);
  const last = segments.at(-1);
  if (last !== undefined && last !== '**' && !/(^|\/)\.{0,2}$/.test(text)) return segments.join('/');
  if (last === '**') segments.pop();
  const folder = segments.join('/');
  if (/[*?]/.test(folder)) return `${folder}/**`;
  return `${folder || '.'}/`;
}

function segmentsOf(text: string): string[] {
  const segments: string[] = [];
  for (const segment of text.split('/')) {
    if (segment === '..') segments.pop();
    else if (/^\*\*+$/.test(segment)) {
      if (segments.at(-1) !== '**') segments.push('**');
    } else if (segment !== '' && segment !== '.') segments.push(segment.replace(/\*+/g, '*'));
  }
  return segments;
}

const isName = (path: string) => /^(resource|label):/.test(path);

function kindOf(path: string): string {
  if (isName(path)) return 'name';
  if (/[*?]/.test(path)) return 'glob';
  return path.endsWith('/') ? 'tree' : 'file';
}

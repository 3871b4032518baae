import { optionsOf, plainName } from '../shell/invocation.ts';
import type { Scope } from '../shell/scope.ts';
import { isKnown, type Tool } from './index.ts';

/** Where programs stand, or the name alone, as `$(which rm)` prints it. */
const program = /^(?:\/(?:usr\/|opt\/)?(?:local\/|homebrew\/)?s?bin\/)?[\w.-]+$/;

/** Most names that are kept: no script gives as many. */
const most = 100;

/** Notes that a program can be started by another name from now on. */
function rename(scope: Scope, source: string, target: string): void {
  const [from, to] = [plainName(source), plainName(target)];
  const known = scope.renamed.get(from) ?? (program.test(source) && isKnown(from) ? from : undefined);
  if (known !== undefined && to !== '' && to !== known && scope.renamed.size < most) scope.renamed.set(to, known);
}

/** `cp /bin/rm x` and `ln -s /bin/rm x`: `x` is `rm` then. */
const copy: Tool = ({ args, scope }) => {
  const [source, target, ...others] = optionsOf(args, 'tSmgo', ['target-directory', 'suffix', 'mode']).operands;
  if (source !== undefined && target !== undefined && others.length === 0) rename(scope, source, target);
};

/** `dd if=/bin/rm of=x`. */
const convert: Tool = ({ args, scope }) => {
  const [source, target] = ['if=', 'of='].map((key) => args.find((arg) => arg.startsWith(key))?.slice(key.length));
  if (source !== undefined && target !== undefined) rename(scope, source, target);
};

/** `hash -p /bin/rm x`. */
const remember: Tool = ({ args, scope }) => {
  const { values, operands } = optionsOf(args, 'p');
  for (const source of values.get('p') ?? []) for (const name of operands) rename(scope, source, name);
};

/** Commands that give a program another name. */
export const renamingTools: Record<string, Tool> = {
  cp: copy,
  mv: copy,
  install: copy,
  ln: copy,
  dd: convert,
  hash: remember,
};

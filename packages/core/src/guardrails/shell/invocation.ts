import type { Examination } from '../finding.ts';
import type { BuiltInRule } from '../rules/index.ts';
import type { Scope, Stream } from './scope.ts';

/** A command as it would be run: without wrappers, quotes and variables. */
export interface Invocation {
  readonly name: string;
  readonly args: readonly string[];
  readonly input: Stream;
  /** As it stands in the text. */
  readonly source: string;
  readonly scope: Scope;
  readonly examination: Examination;
  /** True where it is run in a container, whose processes are not those of the machine. */
  readonly isContained?: true;
}

/** `/usr/bin/rm` and `rm.exe` are `rm`. */
export function plainName(word: string): string {
  const last = word.includes('/') || word.includes('\\') ? word.replace(/^.*[/\\]/, '') : word;
  return last
    .replace(/\.(exe|cmd|bat)$/i, '')
    .replace(/^(python|ruby|perl|php|pypy|lua)(\d?)[\d.]*$/, '$1$2')
    .toLowerCase();
}

/** A path as seen from where the text begins. The folder before it is looked at anew with each path, and counts. */
export function located({ scope, examination }: Pick<Invocation, 'scope' | 'examination'>, path: string): string {
  examination.read(scope.directory?.length ?? 0);
  return scope.located(path);
}

/** A scope below that of the call, with its own arguments; a copy costs as much as the scope is large. */
export function calledScope(
  { scope, examination }: Invocation,
  name: string,
  args: readonly string[],
  process: 'same' | 'other' = 'same',
): Scope {
  examination.spend(scope.size / 200);
  return scope.called(name, args, process);
}

export function report({ examination, source }: Invocation, rule: BuiltInRule): undefined {
  examination.report(rule, source);
}

/** Options and operands of a command, told apart. */
export interface Options {
  /** Short options one by one (`-xfd` has three), long ones by name without the dashes. */
  readonly flags: ReadonlySet<string>;
  /** Of options that take one: `-n x`, `-nx`, `--name x`, `--name=x`. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly operands: readonly string[];
}

/**
 * Takes a command's arguments apart. `short` are the letters of options that take a value, `long` the names of such long
 * ones. What follows `--` is operands.
 */
export function optionsOf(args: readonly string[], short = '', long: readonly string[] = []): Options {
  const flags = new Set<string>();
  const values = new Map<string, string[]>();
  const operands: string[] = [];
  const give = (name: string, value: string) => {
    flags.add(name);
    const given = values.get(name);
    if (given) given.push(value);
    else values.set(name, [value]);
  };
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] as string;
    if (arg === '--') {
      operands.push(...args.slice(index + 1));
      break;
    }
    const [, name, value] = /^--([^=]+)(?:=(.*))?$/s.exec(arg) ?? [];
    if (name !== undefined) {
      if (value !== undefined) give(name, value);
      else if (long.includes(name)) give(name, args[++index] ?? '');
      else flags.add(name);
    } else if (arg.startsWith('-') && arg.length > 1) {
      const at = [...arg.slice(1)].findIndex((letter) => short.includes(letter));
      for (const letter of at < 0 ? arg.slice(1) : arg.slice(1, at + 1)) flags.add(letter);
      if (at >= 0) give(arg[at + 1] as string, arg.slice(at + 2) || (args[++index] ?? ''));
    } else operands.push(arg);
  }
  return { flags, values, operands };
}

/** True when one of the options is given; long ones also when cut short, as most programs allow. */
export function has({ flags }: Options, ...names: string[]): boolean {
  return names.some((name) => {
    if (flags.has(name)) return true;
    return name.length > 3 && [...flags].some((flag) => flag.length >= 3 && name.startsWith(flag));
  });
}

/** Long options written out that are cut short, where the program allows that: `--split` is `--split-string`. */
export const writtenOut = (args: readonly string[], long: readonly string[]): string[] =>
  args.map((arg) => {
    const [, name, rest = ''] = /^--([a-z][\w-]+)(=.*)?$/s.exec(arg) ?? [];
    if (name === undefined || long.includes(name)) return arg;
    const meant = long.filter((each) => each.startsWith(name));
    return meant.length === 1 ? `--${meant[0]}${rest}` : arg;
  });

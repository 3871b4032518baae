import { optionsOf, writtenOut } from './invocation.ts';

/** How a command that runs another one is called before that one begins. */
interface Wrapper {
  /** Letters of short options that take a value. */
  short?: string;
  long?: readonly string[];
  /** Arguments of its own before the command. */
  operands?: number;
  /** Words that must come first: `npm exec`. */
  words?: readonly string[];
}

export const env = { short: 'uCS', long: ['unset', 'chdir', 'split-string'] };

const wrappers: Record<string, Wrapper> = {
  sudo: { short: 'CDghpRrTtUu', long: ['user', 'group', 'host', 'prompt', 'chdir', 'chroot', 'role', 'type'] },
  doas: { short: 'Cu' },
  env,
  nohup: {},
  setsid: {},
  nice: { short: 'n', long: ['adjustment'] },
  ionice: { short: 'cnpPu', long: ['class', 'classdata'] },
  chrt: { operands: 1 },
  taskset: { operands: 1 },
  timeout: { short: 'ks', long: ['kill-after', 'signal'], operands: 1 },
  gtimeout: { short: 'ks', long: ['kill-after', 'signal'], operands: 1 },
  time: { short: 'fo', long: ['format', 'output'] },
  command: {},
  builtin: {},
  exec: { short: 'a' },
  stdbuf: { short: 'ioe', long: ['input', 'output', 'error'] },
  unbuffer: {},
  busybox: {},
  toybox: {},
  chronic: {},
  caffeinate: { short: 'tw' },
  arch: {},
  chroot: { long: ['userspec', 'groups'], operands: 1 },
  gosu: { operands: 1 },
  'su-exec': { operands: 1 },
  setpriv: { long: ['reuid', 'regid', 'groups'] },
  tini: { short: 'pe' },
  'dumb-init': {},
  strace: { short: 'abeoOpPsSuUX' },
  ltrace: { short: 'aDeFlnopsuwx' },
  unshare: { short: 'SG' },
  nsenter: { short: 'tSG' },
  firejail: {},
  proxychains: { short: 'f' },
  proxychains4: { short: 'f' },
  torsocks: {},
  'systemd-run': {
    short: 'puEMH',
    long: `unit property setenv uid gid description slice working-directory machine host nice service-type on-active
      on-boot on-startup on-unit-active on-unit-inactive on-calendar timer-property path-property`.split(/\s+/),
  },
  'systemd-inhibit': {},
  'dbus-run-session': {},
  'xvfb-run': { short: 'enpsf' },
  'cross-env': {},
  'cross-env-shell': {},
  dotenv: { short: 'efv' },
  direnv: { words: ['exec'], operands: 1 },
  npx: { short: 'pc', long: ['package', 'call', 'node-options'] },
  bunx: {},
  pnpx: {},
  uvx: { long: ['from', 'with', 'python'] },
  pipx: { words: ['run'] },
  npm: { words: ['exec', 'x'], short: 'cpw', long: ['call', 'package', 'workspace'] },
  pnpm: { words: ['exec', 'dlx'] },
  yarn: { words: ['exec', 'dlx'] },
  bun: { words: ['x'] },
  bundle: { words: ['exec'] },
  poetry: { words: ['run'] },
  pipenv: { words: ['run'] },
  uv: { words: ['run'], long: ['with', 'python', 'project', 'directory', 'env-file', 'extra', 'group'] },
  hatch: { words: ['run'] },
  pdm: { words: ['run'] },
  rye: { words: ['run'] },
  conda: { words: ['run'], short: 'np' },
  mise: { words: ['exec', 'x'] },
  asdf: { words: ['exec'] },
  rbenv: { words: ['exec'] },
  doppler: { words: ['run'], short: 'pct' },
  op: { words: ['run'], long: ['env-file'] },
  infisical: { words: ['run'] },
  'aws-vault': { words: ['exec'], operands: 1 },
  chamber: { words: ['exec'], operands: 1 },
  sem: {},
  // The name of a machine before the command is one more program that is not known.
  setarch: {},
  faketime: { operands: 1 },
  fakeroot: { short: 'lsib', long: ['lib', 'faked'] },
  pkexec: { long: ['user'] },
  sshpass: { short: 'pfPd' },
  rlwrap: { short: 'CDHPSabcfglmpqstwz' },
  entr: { short: 's' },
};

export const isWrapper = (name: string) => Object.hasOwn(wrappers, name);

const isAssignment = (word: string) => /^[A-Za-z_]\w*\+?=/.test(word);

/** The command that a wrapper runs; undefined when the first word is no wrapper, or runs nothing. */
export function unwrap(name: string, args: readonly string[]): readonly string[] | undefined {
  const wrapper = isWrapper(name) ? (wrappers[name] as Wrapper) : undefined;
  if (!wrapper) return undefined;
  if (name === 'command' && /^-\w*[vV]/.test(args[0] ?? '')) return undefined;
  // The command is in the text that it splits.
  if (name === 'env' && splitTexts(args).length > 0) return undefined;
  let rest = afterOptions(args, wrapper);
  if (wrapper.words) {
    if (!wrapper.words.includes(rest[0] ?? '')) return undefined;
    rest = afterOptions(rest.slice(1), wrapper);
  }
  while (isAssignment(rest[0] ?? '')) rest = rest.slice(1);
  rest = rest.slice(wrapper.operands ?? 0);
  if (rest[0] === '--') rest = rest.slice(1);
  while (isAssignment(rest[0] ?? '')) rest = rest.slice(1);
  return rest.length > 0 ? rest : undefined;
}

/** The texts that `env` splits into words. */
export function splitTexts(args: readonly string[]): readonly string[] {
  const { values } = optionsOf(writtenOut(optionsIn(args, env), env.long), env.short, env.long);
  return [...(values.get('S') ?? []), ...(values.get('split-string') ?? [])];
}

const optionsIn = (args: readonly string[], wrapper: Wrapper) =>
  args.slice(0, args.length - afterOptions(args, wrapper).length);

export function afterOptions(args: readonly string[], { short = '', long = [] }: Wrapper): readonly string[] {
  let index = 0;
  for (; index < args.length; index++) {
    const arg = args[index] as string;
    if (arg === '--') return args.slice(index + 1);
    if (!arg.startsWith('-') || arg === '-') break;
    if (arg.startsWith('--')) {
      if (writtenOut([arg], long).some((each) => long.includes(each.slice(2)))) index++;
    } else {
      const at = [...arg.slice(1)].findIndex((letter) => short.includes(letter));
      if (at >= 0 && at === arg.length - 2) index++;
    }
  }
  return args.slice(index);
}

import { type Invocation, report } from '../shell/invocation.ts';
import type { Stream } from '../shell/scope.ts';
import { secretIn } from './secret_files.ts';

/** Commands that do not show what is in a file, or whose arguments are no files. */
const unconcerned = new Set(
  'bash sh zsh dash ksh fish eval su ssh watch parallel xargs env sudo trap ls ll stat test [ ssh ssh-add ssh-keygen ssh-copy-id chmod chown chgrp mkdir mktemp echo printf cd pushd which type export file wc du find fd locate alias declare local true false basename dirname realpath readlink man help tldr gh glab kubectl helm terraform npm pnpm yarn bun npx make eslint prettier vitest jest pytest tsc node python python3 cargo go docker podman docker-compose psql pre-commit gitleaks trufflehog detect-secrets ansible-vault sops agentcoord'.split(
    ' ',
  ),
);

/** Commands whose first operand is a pattern or a program. */
const patterned = new Set('grep egrep fgrep rg ag ack awk gawk sed jq yq perl git-grep'.split(' '));

const secretVariable = /\$\{?\w*(SECRET|TOKEN|PASSWORD|PASSWD|API_?KEY|PRIVATE_?KEY|CREDENTIAL|ACCESS_?KEY)\w*\}?/i;

/** Judges what secrets a command reads, and answers what it passes on. */
export function readSecrets(call: Invocation): Stream | undefined {
  const { name, args, source, examination } = call;
  if ((name === 'env' || name === 'printenv' || name === 'set' || name === 'export') && listsAll(args)) {
    if (name === 'env' || name === 'printenv') report(call, 'secret_disclosure');
    return { secret: name };
  }
  if (name === 'echo' || name === 'printf' || name === 'printenv') {
    examination.scan(source.length);
    const printed = secretVariable.test(own(source)) || (name === 'printenv' && secretVariable.test(`$${args[0]}`));
    if (!printed) return undefined;
    report(call, 'secret_disclosure');
    return { secret: source };
  }
  if (unconcerned.has(name)) return undefined;
  let secret: string | undefined;
  for (const path of filesOf(call)) {
    const rule = secretIn(path);
    if (!rule) continue;
    examination.report(rule, source);
    secret ??= path;
  }
  return secret === undefined ? undefined : { secret };
}

/** Without what stands in single quotes, or is printed by a command inside. */
const own = (source: string) => source.replace(/'[^']*'/g, '').replace(/\$\([\s\S]*\)|`[\s\S]*`/g, '');

const listsAll = (args: readonly string[]) => args.every((arg) => /^(-0|-p|--null)$/.test(arg));

/** What a command may read as a file. */
export function filesOf({ name, args }: Invocation): string[] {
  if (name === 'git') return gitFiles(args);
  const operands = args.filter((arg) => !arg.startsWith('-'));
  const files = patterned.has(name) && !args.includes('-f') ? operands.slice(1) : operands;
  const named = args.indexOf('-i');
  const transfers = name === 'scp' || name === 'sftp' || name === 'rsync';
  const identity = transfers ? args[named + 1] : undefined;
  const attached = args.flatMap(
    (arg) => /(?:^|[=:;])[@<]([^;]+)/.exec(arg)?.[1] ?? /^(?:if|--[\w-]*file)=(.+)$/.exec(arg)?.[1] ?? [],
  );
  return [...files.filter((file) => named < 0 || file !== identity), ...attached];
}

function gitFiles([command = '', ...args]: readonly string[]): string[] {
  if (!/^(add|show|cat-file|stage)$/.test(command)) return [];
  return args.filter((arg) => !arg.startsWith('-')).map((arg) => arg.replace(/^[^:]*:/, ''));
}

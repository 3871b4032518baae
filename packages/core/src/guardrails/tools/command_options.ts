import { optionsOf, writtenOut } from '../shell/invocation.ts';
import type { Tool } from './index.ts';
import { fileOf, runText } from './shells.ts';

/** Options of a program whose value is a command that it runs. */
interface Holding {
  /** Letters of those, and of the others that take a value. */
  short?: string;
  others?: string;
  long?: readonly string[];
  /** Letters of those whose value is a file, with a command in some of its lines. */
  files?: string;
  /** The command in a value or a line, where more stands there: what one of its groups holds. */
  form?: RegExp;
  /** Letters of those whose value is nothing but a command all the same. */
  plain?: string;
}

const words = (text: string) => text.split(' ');

const tar: Holding = {
  short: 'IF',
  others: 'bCfgHKLNTVX',
  long: words(
    'use-compress-program to-command info-script new-volume-script rsh-command rmt-command checkpoint-action',
  ),
  form: /^(?:exec=)?([\s\S]*)/,
};
const ssh: Holding = {
  short: 'o',
  files: 'F',
  others: 'BbcDEeIiJLlmOpQRSWw',
  form: /^\s*(?:(?:Proxy|Local|KnownHosts|Remote)Command\s*[= ]([\s\S]+)|Match\s(?:[^"]*\s)?exec\s+"?([^"]+))/i,
};
const copy: Holding = { ...ssh, short: 'oS', plain: 'S', others: 'cDiJlPRX' };
const programs: Record<string, Holding> = {
  tar,
  gtar: tar,
  bsdtar: { ...tar, short: '', others: 'bCfIsTX' },
  rsync: { short: 'e', others: 'BTfM', long: ['rsh', 'rsync-path'] },
  ssh,
  scp: copy,
  sftp: copy,
  man: { short: 'P', others: 'sSMmC', long: ['pager'] },
  entr: { short: 's' },
  gcloud: { long: ['command'] },
  fly: { short: 'C', others: 'ars', long: ['command'] },
  flyctl: { short: 'C', others: 'ars', long: ['command'] },
  ansible: { short: 'a', others: 'mioue', long: ['args'] },
  az: { long: ['scripts'] },
  hyperfine: { short: 'pcs', others: 'wrmnS', long: ['prepare', 'cleanup', 'setup'] },
  zip: { others: 'bitxnP', long: ['unzip-command', 'TT'] },
  split: { others: 'abClnt', long: ['filter'] },
  sort: { others: 'kStoT', long: ['compress-program'] },
  tcpdump: { short: 'z', others: 'BcCFGijmMrsTVwWyZ' },
  wget: { long: ['use-askpass'] },
  restic: { long: ['password-command'] },
  borg: { long: ['rsh'] },
  rclone: { long: ['password-command'] },
};

const holding =
  ({ short = '', others = '', long = [], files = '', form, plain = '' }: Holding): Tool =>
  (call) => {
    const { values } = optionsOf(writtenOut(spelt(call.args, long), long), short + files + others, long);
    const valuesOf = (name: string) => values.get(name) ?? [];
    const lines = [...files].flatMap(valuesOf).flatMap((path) => fileOf(call, path).text?.split('\n') ?? []);
    for (const line of lines) call.examination.scan(line.length);
    const formed = [...short, ...long].filter((name) => !plain.includes(name)).flatMap(valuesOf);
    const commands = [...formed, ...lines].map((value) => (form ? form.exec(value)?.slice(1).find(Boolean) : value));
    for (const command of [...commands, ...[...plain].flatMap(valuesOf)]) {
      if (command) runText(call, command, { own: true });
    }
  };

/** Long options that some programs take behind one dash. */
const spelt = (args: readonly string[], long: readonly string[]) =>
  args.map((arg) => (arg.startsWith('-') && long.includes(arg.slice(1)) ? `-${arg}` : arg));

/** Programs that run a command which is the value of an option. */
export const holders: Record<string, Tool> = Object.fromEntries(
  Object.entries(programs).map(([name, definition]) => [name, holding(definition)]),
);

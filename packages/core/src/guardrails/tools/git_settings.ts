import { type Invocation, optionsOf, report, writtenOut } from '../shell/invocation.ts';
import { isUnknown } from '../shell/scope.ts';
import { runText } from './shells.ts';

/** Settings that hold a command which git runs. */
const commandSettings =
  /^(core\.(sshcommand|gitproxy|pager|editor|fsmonitor|askpass|alternaterefscommand)|diff\.external|sequence\.editor|credential\.helper|interactive\.difffilter|uploadpack\.packobjectshook|imap\.tunnel|sendemail\.([^.]+\.)?(sendmailcmd|tocmd|cccmd|headercmd|smtpserver)|instaweb\.(httpd|browser)|gpg\.([^.]+\.)?(program|defaultkeycommand)|remote\.[^.]*\.(uploadpack|receivepack)|.*\.(command|cmd|textconv|clean|smudge|process|driver|helper))$/i;
const named = /^(alias|pager)\./i;

/** Judges `key=value`; an alias is kept where somebody asks for it, else it is judged where it is made. */
export function readSetting(call: Invocation, text: string, aliases?: Map<string, string>): undefined {
  const [, key = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(text) ?? [];
  if (/^core\.hookspath$/i.test(key)) report(call, 'guard_tampering');
  if (/^alias\./i.test(key) && aliases) aliases.set(key.slice(6).toLowerCase(), value);
  else if ((commandSettings.test(key) || named.test(key)) && /\s/.test(value)) {
    runText(call, value.replace(/^!/, ''), { own: true });
  }
}

/** Settings that change what later commands do, and most that are kept of them: no script gives as many. */
const lasting = /^(?:alias\.|clean\.requireforce$|remote\.[^\n]*\.(?:push|mirror)$)/i;
const mostKept = 100;

/** Keeps a setting that is written down, for the commands after it. */
export function keepSetting({ scope }: Invocation, key: string, value: string): void {
  if (lasting.test(key) && scope.gitSettings.length < mostKept) scope.gitSettings.push(`${key}=${value}`);
}

/** What settings of a remote push there besides what is named. */
export function pushed(settings: readonly string[], args: readonly string[]): string[] {
  const [to] = args.filter((arg) => !arg.startsWith('-'));
  return settings.flatMap((setting) => {
    const [, remote, name, value] = /^remote\.(.*)\.(push|mirror)(?:=(.*))?$/is.exec(setting) ?? [];
    if (name === undefined || (to !== undefined && to !== remote && !isUnknown(to))) return [];
    // Without a value a setting is true.
    if (name.toLowerCase() === 'mirror') return /^(?:true|yes|on|1)$/i.test(value ?? 'true') ? ['--mirror'] : [];
    return value?.startsWith('+') ? ['--force'] : [];
  });
}

/** Most settings that variables give: no script gives as many. */
const most = 16;

/** Settings that variables hold for git: `GIT_CONFIG_KEY_0` and its value, and those that it gives to itself. */
export function settingsOfVariables({ scope }: Invocation): string[] {
  const settings: string[] = [];
  for (let index = 0; index < most; index++) {
    const key = scope.variables.get(`GIT_CONFIG_KEY_${index}`);
    if (key === undefined) break;
    settings.push(`${key}=${scope.variables.get(`GIT_CONFIG_VALUE_${index}`) ?? ''}`);
  }
  const given = scope.variables.get('GIT_CONFIG_PARAMETERS')?.slice(0, 4096) ?? '';
  return [...settings, ...[...given.matchAll(/'([^']+)'/g)].map(([, setting = '']) => setting)];
}

/** Options of the commands of git that hold a command: their letters, their names. */
const options: Record<string, readonly [string, readonly string[]]> = {
  clone: ['u', ['upload-pack']],
  fetch: ['', ['upload-pack']],
  pull: ['', ['upload-pack']],
  'ls-remote': ['', ['upload-pack', 'exec']],
  'fetch-pack': ['', ['upload-pack', 'exec']],
  push: ['', ['receive-pack', 'exec']],
  archive: ['', ['exec']],
  grep: ['', ['open-files-in-pager']],
  difftool: ['x', ['extcmd']],
  'send-email': ['', ['sendmail-cmd', 'to-cmd', 'cc-cmd', 'header-cmd', 'smtp-server']],
  instaweb: ['db', ['httpd', 'browser']],
  daemon: ['', ['access-hook']],
};

/** Runs what the options of a command of git hold, and addresses of the form `ext::command`. */
export function runOptions(command: string, call: Invocation): void {
  if (!Object.hasOwn(options, command)) return;
  const [short, long] = options[command] as readonly [string, readonly string[]];
  // The pager of `git grep` stands in the same word, or is left out.
  const isGrep = command === 'grep';
  const args = isGrep ? call.args.map((arg) => arg.replace(/^-O(?=.)/, '--open-files-in-pager=')) : call.args;
  const letters = `${short}${command === 'clone' ? 'cbo' : ''}`;
  const names = isGrep ? [] : [...long, 'config'];
  const { values, operands } = optionsOf(writtenOut(args, names), letters, names);
  const held = [...short, ...long].flatMap((name) => values.get(name) ?? []);
  const addresses = operands.flatMap((operand) => (!isGrep && operand.startsWith('ext::') ? [operand.slice(5)] : []));
  for (const text of [...held, ...addresses])
    if (/\s/.test(text) && !isUnknown(text)) runText(call, text, { own: true });
  const settings = command === 'clone' ? [...(values.get('c') ?? []), ...(values.get('config') ?? [])] : [];
  for (const setting of settings) readSetting(call, setting);
}

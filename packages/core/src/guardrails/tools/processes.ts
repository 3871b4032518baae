import { type Invocation, optionsOf, report } from '../shell/invocation.ts';
import type { Tool } from './index.ts';

const stops: Tool = (call) => {
  if (!call.args.some((arg) => /^(--help|--version|-c|--show|status)$/.test(arg))) report(call, 'machine_stop');
};

/** Signals that ask a process for something else than to end, and options that only list them. */
const asking = /^(?:SIG)?(?:0|1|HUP|10|USR1|12|USR2|17|CHLD|18|CONT|23|URG|28|WINCH|l)$/i;

const kill: Tool = (call) => {
  const { args } = call;
  if (args.some((arg, index) => arg === '-1' && (index > 0 || args.length === 1))) report(call, 'all_processes');
  // In a container that is the program that it is for, which is started anew.
  if (!call.isContained && endsFirst(args)) report(call, 'machine_stop');
};

/** Whether the process that started all others is among those that are ended; with words among them it is a sentence. */
function endsFirst(args: readonly string[]): boolean {
  const [first = '', second = ''] = args;
  const isNamed = /^(?:-s|-n|--signal)$/.test(first);
  const signal = isNamed ? second : /^-(?:-signal=)?(\w+)$/.exec(first)?.[1];
  const ids = args.slice(isNamed ? 2 : signal === undefined ? 0 : 1).filter((arg) => arg !== '--');
  return ids.includes('1') && ids.every((id) => /^\d+$/.test(id)) && !asking.test(signal ?? '');
}

const sweep: Tool = (call) => {
  // Signal 0 only asks whether there are any.
  if (call.args.includes('-0')) return;
  const text = call.args.join(' ');
  if (/agentcoord|postgres/i.test(text)) report(call, 'guard_tampering');
  else if (/(^| )-u( |$)|^\.\*?$/.test(text) && !/\w{3}/.test(text.replace(/-u \S+/, '')))
    report(call, 'all_processes');
  else if (optionsOf(call.args, 'suUtgGPF').operands.length > 0) report(call, 'process_sweep');
};

const when =
  (harm: RegExp): Tool =>
  (call: Invocation) => {
    if (harm.test(call.args.join(' '))) report(call, 'system_settings');
  };

const always: Tool = (call) => {
  if (call.args.length > 0) report(call, 'system_settings');
};

const systemctl: Tool = (call) => {
  const text = call.args.filter((arg) => !arg.startsWith('-')).join(' ');
  if (/^(poweroff|reboot|halt|kexec|emergency|rescue|suspend|hibernate|isolate)/.test(text))
    report(call, 'machine_stop');
  else if (/^(stop|disable|mask|kill)\b/.test(text)) report(call, 'system_settings');
};

export const processTools: Record<string, Tool> = {
  shutdown: stops,
  reboot: stops,
  halt: stops,
  poweroff: stops,
  'stop-computer': stops,
  'restart-computer': stops,
  init: (call) => {
    if (/^[06]$/.test(call.args[0] ?? '')) report(call, 'machine_stop');
  },
  telinit: (call) => {
    if (/^[06]$/.test(call.args[0] ?? '')) report(call, 'machine_stop');
  },
  systemctl,
  kill,
  killall: sweep,
  pkill: sweep,
  skill: sweep,
  taskkill: (call) => {
    if (call.args.some((arg) => /^\/im$/i.test(arg))) report(call, 'process_sweep');
  },
  userdel: always,
  deluser: always,
  useradd: always,
  usermod: always,
  groupdel: always,
  passwd: always,
  chpasswd: (call) => report(call, 'system_settings'),
  visudo: (call) => report(call, 'system_settings'),
  iptables: when(/(^| )(-F|--flush|-X|-P)( |$)/),
  ip6tables: when(/(^| )(-F|--flush|-X|-P)( |$)/),
  nft: when(/flush|delete/),
  ufw: when(/^(--force )?(disable|reset)/),
  setenforce: when(/^0|permissive/i),
  sysctl: when(/(^| )-w|=/),
  insmod: always,
  rmmod: always,
  csrutil: when(/^disable/),
  spctl: when(/disable/),
};

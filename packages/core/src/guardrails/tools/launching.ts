import { isCommandName, sentenceWords } from '../command_names.ts';
import { type Invocation, plainName } from '../shell/invocation.ts';
import type { Stream } from '../shell/scope.ts';
import { judge, type Tool } from './index.ts';
import { runText } from './shells.ts';

/** Programs with which most harm is done: where one stands among the arguments of another, that one may start it. */
const launched = new Set(
  `rm git dd mkfs mkfs.ext4 mkfs.xfs mke2fs wipefs shred truncate chmod chown rsync sh bash zsh dash ksh sudo doas nohup timeout
  ssh xargs psql mysql mongosh redis-cli dropdb kubectl helm terraform tofu pulumi docker podman aws npm pnpm npx curl wget
  python python3 node perl ruby php`.split(/\s+/),
);

/** Programs and functions that only show their arguments, and verbs with which a sentence about a command begins. */
const showing =
  /^(help|tldr|info|whatis|apropos|cheat|hash|compgen|complete|log\w*|warn\w*|err\w*|debug|die|fail|note|say|msg|message|notify|title|banner|describe|it|expect|assert\w*|should|print\w*|echo\w*|e?info|ok|yes|espeak|figlet|cowsay|block|remove|prevent|avoid|forbid|refuse|reject|detect|delete|drop|mention|document|explain|replace|catch|allow|disallow|ban|stop|never|fix|handle|support|add|use|test)$/i;

const isLaunched = (word: string) => launched.has(plainName(word)) && !/\s/.test(word);

/** Judges what a program starts that stands among its arguments, or behind an option as a text. */
export function launches(call: Invocation): Stream | undefined {
  const { args } = call;
  for (const [index, arg] of args.entries()) {
    if (!/^(-c|-e|-x|--command|--cmd|--exec|--run)$/.test(arg)) continue;
    const text = args[index + 1] ?? '';
    if (/\s/.test(text) && isLaunched(text.trim().split(/\s/, 1)[0] as string)) runText(call, text, { own: true });
  }
  const at = args.findIndex(isLaunched);
  // It is a sentence about a command.
  if (at < 0 || args.some((arg) => sentenceWords.test(arg))) return undefined;
  return judge(args.slice(at), call);
}

/** Whether nothing is known of a program, so that it may start others. */
export const mayLaunch = (name: string) => name !== '' && !isCommandName(name) && !showing.test(name);

/** Programs that are known to start others, with options of their own before them. */
export const launchers: Record<string, Tool> = Object.fromEntries(
  ['screen', 'tmux', 'zellij', 'wsl', 'lxc', 'incus', 'heroku', 'just', 'railway', 'flatpak-spawn'].map((name) => [
    name,
    (call: Invocation) => launches(call),
  ]),
);

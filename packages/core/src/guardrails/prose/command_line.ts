import { type Command, forEachChild, type SyntaxNode, type Word } from 'unbash';
import { isCommandName, plainCmdlet } from '../command_names.ts';
import { plainText } from '../lookalikes.ts';
import { parsed } from '../shell/parsing.ts';
import { isWrapper } from '../shell/wrappers.ts';
import { isSentence } from './sentences.ts';

/** What a shell has besides the programs, and programs that do harm and whose name is no word, but that agents seldom run. */
const others = new Set(
  `true false : . return let umask coproc hash bg fg disown ulimit getopts enable dirs popd suspend times typeset logout
  mapfile readarray complete compgen bind break continue
  aria2c badblocks beeline bfg bq cdktf chpasswd clickhouse clickhouse-client clush cockroach concurrently cqlsh crictl dcfldd
  del-cli deluser emacsclient fdfind gawk gdb gfind git-filter-repo gmake groupdel grm gsed gtar hasura hcloud invoke-expression
  ip6tables ipython irm isql iwr k3s liquibase litecli lldb luajit lxc manage.py mawk microk8s mkfs.ext2 mkfs.ext3 mkfs.f2fs
  mkfs.fat mkfs.ntfs mksh mongorestore mycli nawk nerdctl newfs nodejs npm-run-all nvme osqueryi pdsh pgcli podman-compose pssh
  pvremove pypy rbash restart-computer runuser sequelize-cli setenforce sfdisk sgdisk skill snowsql sqlite sqlplus sqlx
  stop-computer systemd-nspawn taskkill tclsh telinit ts-node usql vgremove wsl zfs`.split(/\s+/),
);

const isName = (word: string) => isCommandName(word) || others.has(plainCmdlet(word)) || isWrapper(word);

/** A word that is no name may be a program that nobody knows; sentences begin with capitals, labels end in a colon. */
const program = /^[a-z_][\w.+-]*$/;

/**
 * The part of a line that a shell would run when the line is one for it: what parses, begins as commands do, and has more
 * in it than clauses of sentences, which are blanked. Behind a prompt nothing is a sentence.
 */
export function shellIn(line: string, marked: boolean): string | undefined {
  const text = straightened(line);
  if (!mayBeShell(text)) return undefined;
  const script = parsed(text);
  // Whoever reads it blocks what is too complex.
  if (!script) return text;
  if (script.errors?.length || !beginsAsShell(script, text)) return undefined;
  const clauses = new Set(marked ? [] : statementsOf(script).filter(isClause));
  return commandsIn(script).some((command) => !clauses.has(command) && mayRun(command))
    ? blanked(text, clauses)
    : undefined;
}

/** The simple commands between semicolons, where sentences have them too: nobody writes `&&` and `|` between clauses. */
function statementsOf(script: SyntaxNode): Command[] {
  const commands: Command[] = [];
  const waiting: SyntaxNode[] = [script];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (node.type === 'Command') commands.push(node);
    else if (node.type === 'Script') waiting.push(...node.commands);
    else if (node.type === 'Subshell') waiting.push(node.body);
    else if (node.type === 'CompoundList') waiting.push(...node.commands);
    else if (node.type === 'Statement') waiting.push(node.command);
    else if (node.type === 'Pipeline' && node.commands.length === 1) waiting.push(...node.commands);
  }
  return commands;
}

/** A clause of a sentence, or one that talks of a command: "avoid git push --force". */
function isClause(command: Command): boolean {
  if (hasSubstitution(command)) return false;
  return isSentence(command) || talksOfCommand(command);
}

function talksOfCommand({ name, args }: Command): boolean {
  if (!name || name.text !== name.value || isName(name.value) || !/^[A-Za-z][\w'-]*[:,]?$/.test(name.value))
    return false;
  return args.some((word) => word.type === 'Word' && isName(word.value));
}

/** An editor makes quotes round, and letters of other alphabets look like Latin ones: with a name in them, it is folded. */
function straightened(line: string): string {
  const [word = ''] = /^[^\s;|&<>(){}]{0,40}/.exec(line) ?? [];
  const plain = /[^ -~]/.test(word) ? plainText(word) : undefined;
  return plain !== undefined && isName(plain.replace(/["'\\]/g, '')) ? (plainText(line) ?? line) : line;
}

/** Looks at the beginning alone, before a parser spends its time: every line of every text comes by here. */
function mayBeShell(text: string): boolean {
  const [word = ''] = /^[^\s;|&<>(){}]*/.exec(text) ?? [];
  if (word === text && /^[\w.-]*$/.test(text)) return false;
  if (isName(word)) return true;
  if (program.test(word)) return /[;|&]|\(\s*\)/.test(text);
  // "Note:", "Don't" and letters of other alphabets begin no command.
  return /^[!-~]*$/.test(word) && !/^[A-Za-z][\w-]*(?:[.,:!?]|'[a-z]+)?$/.test(word);
}

/** Whether the first command is one: by its name, or because only a shell has such a word or construct. */
function beginsAsShell(script: SyntaxNode, text: string): boolean {
  const first = firstIn(script);
  if (first?.type !== 'Command') return first !== undefined;
  const { name, args } = first;
  if (!name || isExpanded(name)) return true;
  if (isName(name.value)) return true;
  if (name.text !== name.value || !program.test(name.value)) return false;
  // "block git push --force; and more" talks of commands, `deploy && rm -rf /` is two.
  if (isSentence(first) || talksOfCommand(first)) return false;
  const [operator = ''] = /^\s*(?:[;|&]+)/.exec(text.slice(first.end)) ?? [];
  return /&&|\|/.test(operator) || (operator !== '' && args.length === 0);
}

/** The first simple command, or the first compound one that no sentence looks like. */
function firstIn(script: SyntaxNode): SyntaxNode | undefined {
  let node: SyntaxNode | undefined = script;
  for (;;) {
    switch (node?.type) {
      case 'Script':
      case 'AndOr':
      case 'Pipeline':
        node = node.commands[0];
        break;
      case 'Statement':
      case 'Redirected':
        node = node.command;
        break;
      case 'Subshell':
      case 'BraceGroup':
        node = node.body.commands[0];
        break;
      case 'Coproc':
        node = node.body;
        break;
      default:
        return node;
    }
  }
}

/** The simple commands of a script, but for those in substitutions. */
function commandsIn(script: SyntaxNode): Command[] {
  const commands: Command[] = [];
  const waiting: SyntaxNode[] = [script];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (node.type === 'Command') commands.push(node);
    else if (node.type !== 'Word') forEachChild(node, (child) => void waiting.push(child));
  }
  return commands;
}

/** Whether there is something in it to be judged: a name that is known, or one that only the shell finds out. */
function mayRun({ name, prefix, args }: Command): boolean {
  if (!name) return prefix.length > 0;
  return isExpanded(name) || [name, ...args].some((word) => word.type === 'Word' && isName(word.value));
}

const isExpanded = (word: Word) =>
  word.parts?.some(({ type }) => !/^(?:Literal|Glob|SingleQuoted|DoubleQuoted|AnsiCQuoted)$/.test(type)) === true ||
  /"[^"]*\$/.test(word.text);

/** Whether commands stand within the words of a command, which no sentence has. */
const hasSubstitution = ({ name, prefix, suffix }: Command) =>
  prefix.length > 0 || [name, ...suffix].some((word) => word?.type !== 'Word' || /\$\(|`|[<>]\(/.test(word.text));

/** The text with nothing done where a clause stands; all the rest stays where it is. */
function blanked(text: string, clauses: ReadonlySet<Command>): string {
  let [rest, at] = ['', 0];
  for (const { pos, end } of [...clauses].sort((a, b) => a.pos - b.pos)) {
    rest += `${text.slice(at, pos)}:${' '.repeat(end - pos - 1)}`;
    at = end;
  }
  return rest + text.slice(at);
}

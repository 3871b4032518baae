import { atOnce } from '../../slices.ts';
import { type Invocation, report } from '../shell/invocation.ts';
import { isBroken } from '../shell/parsing.ts';
import { hole } from '../shell/scope.ts';
import { readSql } from '../sql/reader.ts';
import { deleteTrees } from '../tools/deletion.ts';
import { touchesGuard } from '../tools/guard.ts';
import { judge } from '../tools/index.ts';
import { secretIn } from '../tools/secret_files.ts';
import { runText } from '../tools/shells.ts';
import { judgeWrite } from '../tools/writes.ts';
import { commands, databases, evaluating, moves, opening, queries, recursive, tables, trees } from './call_names.ts';
import { type Call, callsOf } from './calls.ts';
import { readLisp } from './lisp.ts';
import { readTcl } from './tcl.ts';
import { codeTokens, type Language } from './tokens.ts';

export type { Language } from './tokens.ts';

const startingPaths = /^(os\.execute|System\.cmd|os:cmd)$/;

/** Names that are those of calls that delete files only behind one of these. */
const filePaths = /(?:^|\.)(?:unlink|unlinkSync)$|^(?:os|File|fs|Deno)\.(?:remove|delete|rm|removeSync|rmSync)$/;

const readers: Partial<Record<Language, (code: string, call: Invocation) => void>> = { lisp: readLisp, tcl: readTcl };

/** Commands and calls after which a reading pauses: each is short, or counted by what it reads. */
const callsAtOnce = 16;

/** Reads source code: what its calls with literal arguments would do is judged. */
export const readCode = (code: string, language: Language, call: Invocation): void =>
  atOnce(codeReading(code, language, call));

/** The same, with a pause every now and then. */
export const codeReading = (code: string, language: Language, call: Invocation): Generator<undefined, void> =>
  call.examination.deeper(readIn(code, language, call));

function* readIn(code: string, language: Language, call: Invocation): Generator<undefined, void> {
  call.examination.read(code.length);
  const read = readers[language];
  if (read) read(code, call);
  else yield* readCalls(code, language, call);
}

function* readCalls(code: string, language: Language, call: Invocation): Generator<undefined, void> {
  const tokens = yield* codeTokens(code, language, () => call.examination.spend(0.1));
  let count = 0;
  for (const { kind, text } of tokens) {
    if (kind !== 'shell') continue;
    if (++count % callsAtOnce === 0) yield;
    runText(call, text, { own: true });
  }
  for (const made of callsOf(tokens, (steps) => call.examination.spend(steps))) {
    if (++count % callsAtOnce === 0) yield;
    call.examination.spend();
    judgeCall(made, language, { ...call, source: code.slice(made.start, made.end) || call.source });
  }
  yield;
  wholeText(code, call);
}

function judgeCall(made: Call, language: Language, call: Invocation): void {
  const { name, path, strings, rest } = made;
  const [first = ''] = strings;
  if ((commands.has(name) || startingPaths.test(path)) && strings.length > 0) runCommand(made, call);
  const piped = name === 'open' ? pipedTo(strings) : undefined;
  if (piped) runCommand({ ...made, strings: piped }, call);
  if (filePaths.test(path) && !/\brecursive\b/.test(rest)) judge(['rm', ...strings], call);
  if (moves.has(name) && strings.some(touchesGuard)) report(call, 'guard_tampering');
  const removes = trees.has(name) || (recursive.has(name) && /\brecursive\b/.test(rest));
  if (removes && strings.length > 0) deleteTrees(call, strings.slice(0, 1));
  else if (removes) deleteTrees(call, [hole]);
  if (
    queries.has(name) &&
    /^\s*(\/\*|--|with|drop|delete|update|truncate|alter|do|merge|explain|begin|grant)\b/i.test(first)
  ) {
    readSql(first, call.examination, { source: call.source, shell: (text) => runText(call, text) });
  }
  if (databases.has(name)) report(call, 'drop_database');
  if (tables.has(name) || (name === 'drop' && /^db\./.test(path))) report(call, 'drop_table');
  if (/^(deleteMany|delete_many|remove)$/.test(name) && /^\{ \} \)/.test(rest))
    report(call, 'delete_without_condition');
  if (/^(delete_all|destroy_all)$/.test(name) || (name === 'delete' && /objects\.all$|\.all\(\)/.test(path)))
    report(call, 'delete_without_condition');
  if (opening.has(name) && first) fileOf(made, call);
  if (evaluating.has(name)) evaluated(made, language, call);
}

/** The command that Perl and Ruby start to read from it, or write to it: `open(F, "-|", "ls")`, `open("|ls")`. */
function pipedTo(strings: readonly string[]): readonly string[] | undefined {
  const [first = '', ...others] = strings.slice(-20);
  if (first === '-|' || first === '|-') return others.length > 0 ? others : undefined;
  const line = first.trim();
  return line.startsWith('|') ? [line.slice(1)] : line.endsWith('|') ? [line.slice(0, -1)] : undefined;
}

/** The command of a call: one string is a command line, several are a program and its arguments. */
function runCommand({ name, strings, list, rest }: Call, call: Invocation): void {
  const [first = ''] = strings;
  if (/b64decode|atob|base64_decode|decode64/.test(rest)) {
    runText(call, Buffer.from(first, 'base64').toString('utf8'), { own: true });
    return;
  }
  const separate = list || (strings.length > 1 && !/\s/.test(first.trim()));
  if (name === 'Command' || separate) judge(strings, call);
  // Many things are called `run` and `exec`; what they are given then is no command, and often no shell at all.
  else if (/^(exec|run|call|command|sh|spawn|pipeline)$/.test(name) && isBroken(first)) return;
  else runText(call, first, { own: true });
  if (/unhexlify|fromhex/.test(rest)) report(call, 'hidden_command');
}

function fileOf({ name, strings, rest }: Call, call: Invocation): void {
  const [path = '', mode = ''] = strings;
  const writes = /write|put_contents/i.test(name) || /^[waxr]?\+?[wax]/.test(mode);
  if (writes) judgeWrite(path, call.examination, call.source);
  const secret = secretIn(path);
  if (secret && !rest.includes('exists')) call.examination.report(secret, call.source);
}

/** Code inside code: a literal, or one that is decoded. */
function evaluated({ strings, rest }: Call, language: Language, call: Invocation): void {
  const [text] = strings;
  if (text === undefined) {
    if (/b64decode|atob|base64_decode|unhexlify|decode64|urlopen|requests|fetch|http/.test(rest)) {
      report(call, /urlopen|requests|fetch|http/.test(rest) ? 'remote_code' : 'hidden_command');
    }
  } else if (/b64decode|atob|base64_decode|decode64|base64/.test(rest)) {
    readCode(Buffer.from(text, 'base64').toString('utf8'), language, call);
  } else if (/[(`.]/.test(text)) readCode(text, language, call);
}

/** What shows in the text as a whole and not in one call. */
function wholeText(code: string, call: Invocation): void {
  if (/\bsocket\b/.test(code) && /\bdup2\b|pty\.spawn|\/bin\/(ba)?sh/.test(code)) report(call, 'reverse_shell');
  if (/\.objects\.all\(\)\.delete\(\)|\.(delete_all|destroy_all)\b(?!\s*\()/.test(code))
    report(call, 'delete_without_condition');
  if (/\b(deleteMany|remove)\(\s*(\{\s*\}\s*)?\)/.test(code) && /\bdb\.|prisma|\.collection\(/.test(code))
    report(call, 'delete_without_condition');
  if (/\bdb\.\w+\.drop\(\)|\.dropDatabase\(/.test(code))
    report(call, code.includes('dropDatabase') ? 'drop_database' : 'drop_table');
  const fetching = code.search(/\b(urlopen|requests\.get|fetch)\s*\(/);
  if (
    fetching >= 0 &&
    code.includes(')', fetching) &&
    /\b(exec|eval)\s*\(\s*(urllib|requests|await|\(await)/.test(code)
  )
    report(call, 'remote_code');
  if (/\bprocess\.kill\(\s*-1|os\.kill\(\s*-1/.test(code)) report(call, 'all_processes');
}

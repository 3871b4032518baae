import { atOnce } from '../slices.ts';
import { codeReading } from './code/reader.ts';
import { type Context, contextOf } from './context.ts';
import { Budget, Examination, TooComplex } from './finding.ts';
import { plainText } from './lookalikes.ts';
import { noProjectRules, type OwnRule, type ProjectRules } from './project_rules.ts';
import { type ProseAction, proseActions } from './prose.ts';
import type { BuiltInRule } from './rules/index.ts';
import type { Invocation } from './shell/invocation.ts';
import { mostParses, withParses } from './shell/parsing.ts';
import { shellReading } from './shell/reader.ts';
import { Scope } from './shell/scope.ts';
import { sqlReading } from './sql/reader.ts';
import { touchesGuard } from './tools/guard.ts';
import { isDisk, isSystemFile } from './tools/paths.ts';
import { secretIn } from './tools/secret_files.ts';
import { runText } from './tools/shells.ts';
import { countsInDoubt, type Verdict, type Violation, verdictOf, violationOf } from './verdict.ts';

export interface Question {
  text: string;
  /** What the text is; found out when left out. */
  context?: Context | undefined;
  /** Files that it is about. */
  file_paths?: readonly string[];
  rules?: ProjectRules;
  /** Of the caller: rules that it may bypass only warn. Nobody's when left out. */
  trust?: number | undefined;
}

/** Most characters that are read; what is longer is blocked. */
export const maxLength = 262_144;

/**
 * Judges a text: the same text and rules always get the same verdict, without network or clock. It never throws: what it
 * cannot judge, it blocks.
 */
export function check({ text, context, file_paths = [], rules = noProjectRules, trust }: Question): Verdict {
  return verdictOf(atOnce(violationsIn(text, context, file_paths, rules)), rules, trust);
}

/** The violations of a text, before anybody's trust is looked at. Pauses every now and then. */
export function* violationsIn(
  text: string,
  context: Context | undefined,
  paths: readonly string[],
  rules: ProjectRules = noProjectRules,
  budget = new Budget(),
): Generator<undefined, Violation[]> {
  const examination = new Examination(budget);
  try {
    // Thousands of texts cost something, however short they are.
    examination.spend(4);
    yield* examine(text, context, examination);
    for (const path of paths) examinePath(path, examination);
    return [...builtIn(examination, rules), ...(yield* own(text, context, paths, examination, rules))];
  } catch (error) {
    const rule = error instanceof TooComplex || error instanceof RangeError ? 'too_complex' : 'guard_failure';
    return [...builtIn(examination, rules), violationOf(rule, text.slice(0, 200), rules)];
  }
}

function* examine(
  text: string,
  context: Context | undefined,
  examination: Examination,
): Generator<undefined, undefined> {
  if (text.length > maxLength) return examination.report('too_large', text.slice(0, 200));
  // Nothing that a shell or a database takes has such characters, and the reader uses them as marks.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
  if (/[\x00-\x06]/.test(text)) return examination.report('unparsable', text.slice(0, 200));
  const known = context ?? contextOf(text);
  yield* readAll(known, text, examination);
  const plain = plainText(text);
  if (plain === undefined) return;
  const again = new Examination(examination.budget);
  yield* readAll(known, plain, again);
  // Quotes that were made straight may leave one open: what the text itself parses to counts then.
  for (const { rule, matched, doubtful } of again.findings) {
    if (rule !== 'unparsable') examination.report(rule, matched, doubtful);
  }
}

/** Reads a text; of prose, the commands in it. */
function* readAll(context: Context, text: string, examination: Examination): Generator<undefined, undefined> {
  if (context !== 'prose') return yield* readAs(context, text, examination);
  const actions = yield* withParses(mostParses, proseActions(text));
  // What is certain comes first, as nothing is reported twice.
  for (const action of actions.toSorted(inDoubtLast)) {
    yield* examination.doubtfully(action.doubtful === true, readAs(action.context, action.text, examination));
    yield;
  }
}

/** Paths after which a reading pauses. */
const pathsAtOnce = 64;

function* readAs(
  context: ProseAction['context'],
  text: string,
  examination: Examination,
): Generator<undefined, undefined> {
  const call = emptyCall(text, examination);
  switch (context) {
    case 'shell':
      yield* shellReading(text, examination);
      return;
    case 'git':
      yield* shellReading(/^\s*git\b/.test(text) ? text : `git ${text}`, examination);
      return;
    case 'sql':
      yield* sqlReading(text, examination, { shell: (script) => runText(call, script) });
      return;
    case 'path':
      yield* readPaths(text, examination);
      return;
    case 'code':
      yield* codeReading(text, languageOf(text), call);
  }
}

function* readPaths(text: string, examination: Examination): Generator<undefined, void> {
  for (const [index, path] of text.split('\n').entries()) {
    if (index % pathsAtOnce === pathsAtOnce - 1) yield;
    examinePath(path.trim(), examination);
  }
}

const inDoubtLast = (one: ProseAction, other: ProseAction) => Number(one.doubtful ?? 0) - Number(other.doubtful ?? 0);

function languageOf(text: string) {
  if (
    /^[^\S\r\n\u2028\u2029]*(from \S+ import|import \w+$|def \w+\(|elif |print\()|:\s*$/m.test(text) &&
    !/[;{]\s*$/m.test(text)
  )
    return 'python';
  if (/<\?php/.test(text)) return 'php';
  if (/\b(const|let|var|function|=>|require\(|await )\b|;\s*$/m.test(text)) return 'javascript';
  if (/^[^\S\r\n\u2028\u2029]*(require|puts|end)\b|\bdo \|/m.test(text)) return 'ruby';
  return 'other';
}

function emptyCall(source: string, examination: Examination): Invocation {
  return { name: '', args: [], input: {}, source, scope: new Scope(), examination };
}

/** A file that somebody wants to change. */
function examinePath(path: string, examination: Examination): undefined {
  const report = (rule: BuiltInRule) => examination.report(rule, path);
  if (touchesGuard(path)) report('guard_tampering');
  if (isSystemFile(path) || isDisk(path)) report('system_file_write');
  const secret = secretIn(path);
  if (secret) report(secret);
  if (/(^|\/)\.ssh\/(authorized_keys2?|config|rc|environment)$/.test(path)) report('ssh_key');
  examination.actions.push(path);
}

function builtIn({ findings }: Examination, rules: ProjectRules): Violation[] {
  return findings.flatMap(({ rule, matched, doubtful }) => {
    const violation = violationOf(rule, matched, rules);
    return doubtful && !countsInDoubt(violation) ? [] : [violation];
  });
}

/** Rules of the project see each command in plain form, and the text itself unless it is prose. */
function* own(
  text: string,
  context: Context | undefined,
  paths: readonly string[],
  { actions, budget }: Examination,
  rules: ProjectRules,
): Generator<undefined, Violation[]> {
  if (rules.own.length === 0) return [];
  const whole = (context ?? contextOf(text)) === 'prose' ? [] : [plainText(text) ?? text];
  const texts = [...new Set([...actions, ...whole, ...paths])];
  const joined = texts.join('\n');
  const violations: Violation[] = [];
  for (const rule of rules.own) {
    let found: string | undefined;
    for (const each of rule.isAnchored ? [joined, ...texts] : [joined]) {
      yield;
      budget.match(each.length, rule.size);
      found = rule.matches(each);
      if (found !== undefined) break;
    }
    if (found !== undefined) violations.push(ownViolation(rule, found, rules));
  }
  return violations;
}

function ownViolation(rule: OwnRule, found: string, rules: ProjectRules): Violation {
  const { severity, bypass_trust } = rule;
  return {
    ...{ rule: rule.rule, category: rule.category ?? 'guard', severity, bypass_trust, bypassed: false },
    matched_text: violationOf('guard_failure', found, rules).matched_text,
    message: rule.message ?? 'It matches a rule of this project.',
    advice: rule.advice ?? 'Ask an administrator of the project.',
  };
}

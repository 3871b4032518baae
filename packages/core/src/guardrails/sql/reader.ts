import { atOnce } from '../../slices.ts';
import { type Examination, TooComplex } from '../finding.ts';
import type { BuiltInRule } from '../rules/index.ts';
import { isConstantlyTrue } from './conditions.ts';
import { judgeMerge } from './merge.ts';
import { metaCommandsOf } from './meta_commands.ts';
import { type Token, tokensOf } from './tokens.ts';

export interface SqlOptions {
  /** What is reported as matched: the command around it; the statement itself when left out. */
  source?: string;
  /** Reads a shell command that the SQL runs. */
  shell(script: string): unknown;
}

/** Most brackets that are open at once. */
const deepest = 100;

/** Commands and statements after which a reading pauses: each is short, or counted by what it reads. */
const statementsAtOnce = 16;

/** Reads SQL: every statement in it is judged. */
export const readSql = (text: string, examination: Examination, options: SqlOptions): void =>
  atOnce(sqlReading(text, examination, options));

/** The same, with a pause every now and then. */
export const sqlReading = (text: string, examination: Examination, options: SqlOptions): Generator<undefined, void> =>
  examination.deeper(readIn(text, examination, options));

function* readIn(text: string, examination: Examination, options: SqlOptions): Generator<undefined, void> {
  examination.read(text.length);
  let count = 0;
  const { shell, sql, rest: statements } = metaCommandsOf(text);
  for (const line of shell) {
    if (++count % statementsAtOnce === 0) yield;
    options.shell(line);
  }
  for (const value of sql) yield* sqlReading(value, examination, options);
  const tokens = yield* tokensOf(statements, {
    spend: () => examination.spend(0.1),
    unclosed: (start) => examination.report('unparsable', statements.slice(start, start + 80)),
  });
  if (tokens.some(({ depth }) => depth > deepest)) throw new TooComplex();
  for (const statement of statementsOf(tokens)) {
    if (++count % statementsAtOnce === 0) yield;
    examination.spend();
    judgeStatement(statement, { text: statements, examination, options });
  }
}

/** `\\gexec` of psql runs what the statement before it answers. */
const executing = 'GEXEC';

function statementsOf(tokens: readonly Token[]): Token[][] {
  const statements: Token[][] = [[]];
  for (const token of tokens) {
    const ends = (token.text === ';' && token.kind === 'symbol') || (token.kind === 'word' && token.text === 'GO');
    if (!ends) statements.at(-1)?.push(token);
    if (ends || (token.kind === 'word' && token.text === executing)) statements.push([]);
  }
  return statements.filter((statement) => statement.length > 0);
}

interface Reading {
  text: string;
  examination: Examination;
  options: SqlOptions;
}

function judgeStatement(statement: Token[], reading: Reading): void {
  const { examination, options, text } = reading;
  const [start = 0, end = 0] = [statement[0]?.start, statement.at(-1)?.end];
  const source = text.slice(start, end);
  examination.actions.push(statement.map((token) => token.text).join(' '));
  const report = (rule: BuiltInRule) => examination.report(rule, options.source ?? source);
  const tokens = withoutPrefix(statement);
  const [first, second] = tokens.map(({ text: word }) => word);
  if (first === undefined) return;
  if (first === 'EXPLAIN' && !tokens.slice(0, 6).some(({ text: word }) => /^ANALY[SZ]E$/.test(word))) return;
  readLiterals(tokens, first, reading);
  // What a function or a rule does is done when it is called.
  if (first === 'CREATE' && /^(FUNCTION|PROCEDURE|TRIGGER|RULE|POLICY)$/.test(objectOf(tokens))) return;
  if (first === 'GRANT' || first === 'REVOKE' || first === 'COMMENT') return;
  if (first === 'DROP') report(dropRule(tokens));
  if (first === 'TRUNCATE') report('truncate');
  if (first === 'ALTER') alter(tokens, report);
  const merge = /^(MERGE|WITH)$/.test(first) ? tokens.findIndex(({ text: word }) => word === 'MERGE') : -1;
  if (merge >= 0) judgeMerge(tokens.slice(merge), examination, report);
  if (first === 'REASSIGN' && second === 'OWNED') report('drop_role');
  if (first === 'RESET' && second === 'MASTER') report('drop_database');
  for (const index of tokens.keys()) judgeWord(tokens, index, examination, report);
}

/** Statements that open with a block, a CTE or EXPLAIN ANALYZE do what follows. */
function withoutPrefix(statement: Token[]): Token[] {
  let at = 0;
  while (
    /^(BEGIN|THEN|ELSE|LOOP|DO|\{|\()$/.test(statement[at]?.text ?? '') &&
    statement[at]?.kind !== 'string' &&
    at + 1 < statement.length
  ) {
    if (statement[at]?.text === 'DO' && statement[at + 1]?.kind === 'string') break;
    at++;
  }
  return statement.slice(at);
}

function objectOf(tokens: readonly Token[]): string {
  const words = tokens.slice(1, 7).map(({ text }) => text);
  return (
    words.find(
      (word) =>
        !/^(OR|REPLACE|TEMP|TEMPORARY|CONSTRAINT|UNIQUE|DEFINER|UNLOGGED|MATERIALIZED|IF|EXISTS|FOREIGN|EXTERNAL)$/.test(
          word,
        ),
    ) ?? ''
  );
}

function dropRule(tokens: readonly Token[]): BuiltInRule {
  const object = objectOf(tokens);
  if (object === 'TABLE' || object === 'KEYSPACE') return 'drop_table';
  if (object === 'DATABASE' || object === 'SCHEMA') return 'drop_database';
  if (object === 'USER' || object === 'ROLE' || object === 'OWNED' || object === 'LOGIN') return 'drop_role';
  return object === 'COLUMN' ? 'drop_column' : 'drop_object';
}

function alter(tokens: readonly Token[], report: (rule: BuiltInRule) => void): void {
  const words = tokens.map(({ text }) => text);
  if (words[1] !== 'TABLE') return;
  for (const [index, word] of words.entries()) {
    const next = words[index + 1] ?? '';
    if (word === 'DROP' && tokens[index]?.kind === 'word') {
      if (next === 'PARTITION') report('truncate');
      else if (
        next === 'COLUMN' ||
        !/^(CONSTRAINT|DEFAULT|NOT|INDEX|KEY|PRIMARY|FOREIGN|IDENTITY|EXPRESSION|CHECK|TRIGGER)$/.test(next)
      )
        report('drop_column');
    }
    if (word === 'TRUNCATE' && /^(SUB)?PARTITION$/.test(next)) report('truncate');
    if (word === 'DISABLE' && next === 'ROW') report('row_security_off');
  }
}

/** DELETE and UPDATE wherever they begin a statement: at its start, in a CTE, after EXPLAIN, in a block. */
function judgeWord(
  tokens: readonly Token[],
  index: number,
  examination: Examination,
  report: (rule: BuiltInRule) => void,
): void {
  const token = tokens[index] as Token;
  if (token.kind !== 'word' || (token.text !== 'DELETE' && token.text !== 'UPDATE')) return;
  const before = tokens[index - 1];
  const begins =
    index === 0 ||
    (before?.text === '(' && before.kind === 'symbol') ||
    /^(ANALYZE|ANALYSE|VERBOSE|AS|BEGIN|THEN|ELSE|LOOP|\))$/.test(before?.text ?? '');
  const merging = tokens[0]?.text === 'MERGE' || (tokens[0]?.text === 'CREATE' && before?.text !== '(');
  if (!begins || merging) return;
  // Everything behind it is looked at.
  examination.spend((tokens.length - index) / 100);
  const first = tokens.slice(index + 1).find((other) => other.depth >= token.depth);
  const scope = untilClosed(tokens.slice(index + 1), token.depth);
  if (token.text === 'UPDATE' && !scope.some(({ text, depth }) => text === 'SET' && depth === token.depth)) return;
  if (token.text === 'DELETE' && first === undefined) return;
  if (token.text === 'DELETE' && scope[0]?.text !== 'FROM' && !scope.some(({ text }) => text === 'FROM')) return;
  const where = scope.findIndex(
    ({ text, kind, depth }) => text === 'WHERE' && kind === 'word' && depth === token.depth,
  );
  const condition = where < 0 ? [] : untilEnd(scope.slice(where + 1), token.depth);
  if (where < 0 || isConstantlyTrue(condition, (count) => examination.spend(count / 25))) {
    report(token.text === 'DELETE' ? 'delete_without_condition' : 'update_without_condition');
  }
}

function untilClosed(tokens: readonly Token[], depth: number): readonly Token[] {
  const end = tokens.findIndex((token) => token.depth < depth);
  return end < 0 ? tokens : tokens.slice(0, end);
}

function untilEnd(tokens: readonly Token[], depth: number): readonly Token[] {
  const end = tokens.findIndex(
    (token) =>
      token.depth === depth && token.kind === 'word' && /^(RETURNING|ORDER|LIMIT|OPTION|GROUP)$/.test(token.text),
  );
  return end < 0 ? tokens : tokens.slice(0, end);
}

/** A literal with those that are joined to it. */
function joined(tokens: readonly Token[], index: number): string {
  let text = tokens[index]?.text ?? '';
  for (let at = index + 1; tokens[at]?.text === '||' && tokens[at + 1]; at += 2) text += tokens[at + 1]?.text ?? '';
  return text;
}

/** Functions that run a statement which they are given as a text. */
const running =
  /^(DBLINK(_\w+)?|QUERY_TO_XML\w*|TS_STAT|CROSSTAB\w*|PG_BACKGROUND_LAUNCH|SCHEDULE(_IN_DATABASE)?|OPENQUERY|OPENROWSET|RUN_COMMAND_ON_\w+)$/;

/** SQL or a shell command inside a string that this statement runs. */
function readLiterals(tokens: readonly Token[], first: string, { examination, options }: Reading): void {
  const runs =
    /^(DO|EXECUTE|EXEC|PREPARE|CALL)$/.test(first) ||
    tokens.some(({ text, kind }, index) => {
      if (kind !== 'word') return false;
      return /^(EXECUTE|SP_EXECUTESQL|GEXEC)$/.test(text) || (tokens[index + 1]?.text === '(' && running.test(text));
    });
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== 'string') continue;
    const before = tokens[index - 1]?.text ?? '';
    if (before === 'PROGRAM' || /^XP_CMDSHELL$/.test(before)) options.shell(token.text);
    else if (runs && /\s/.test(token.text)) readSql(joined(tokens, index), examination, options);
  }
}

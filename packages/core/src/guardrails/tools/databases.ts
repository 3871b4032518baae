import { readCode } from '../code/reader.ts';
import { type Invocation, optionsOf, report, writtenOut } from '../shell/invocation.ts';
import { isUnknown } from '../shell/scope.ts';
import { readSql } from '../sql/reader.ts';
import type { Tool } from './index.ts';
import { runText } from './shells.ts';

interface Client {
  /** Letters of short options that take a value. */
  short: string;
  long?: readonly string[];
  /** Options that hold SQL. */
  text: readonly string[];
  /** Options that name a file of SQL. */
  file?: readonly string[];
  /** Options that say where answers go: to a file, or behind `|` to a command. */
  output?: readonly string[];
  /** Options that hold a command that shows the answers. */
  pager?: readonly string[];
  /** From which operand on operands are SQL. */
  operand?: number;
}

const psql: Client = {
  short: 'cdfhpUvLoFPRTWwX'.replace('WwX', ''),
  long: [
    'command',
    'dbname',
    'file',
    'host',
    'port',
    'username',
    'set',
    'variable',
    'output',
    'log-file',
    'field-separator',
    'pset',
  ],
  text: ['c', 'command'],
  file: ['f', 'file'],
  output: ['o', 'output'],
};
const mysql: Client = {
  short: 'ehuPDSO',
  long: ['execute', 'host', 'user', 'port', 'database', 'socket', 'defaults-file', 'init-command'],
  text: ['e', 'execute', 'init-command'],
  pager: ['pager'],
};
const clients: Record<string, Client> = {
  psql,
  usql: psql,
  pgcli: psql,
  cockroach: { short: 'e', long: ['execute', 'url', 'database', 'host'], text: ['e', 'execute'] },
  mysql,
  mariadb: mysql,
  mycli: mysql,
  sqlite3: { short: '', long: [], text: ['cmd'], operand: 1 },
  sqlite: { short: '', text: ['cmd'], operand: 1 },
  duckdb: { short: 'cs', text: ['c', 's', 'cmd'], operand: 1 },
  sqlcmd: { short: 'QqSUPdi', text: ['Q', 'q'], file: ['i'] },
  'clickhouse-client': { short: 'qh', long: ['query', 'host'], text: ['q', 'query'] },
  clickhouse: { short: 'q', long: ['query'], text: ['q', 'query'] },
  bq: { short: '', text: [], operand: 1 },
  cqlsh: { short: 'efku', text: ['e', 'execute'], file: ['f'] },
  snowsql: { short: 'qfacdu', long: ['query'], text: ['q', 'query'], file: ['f'] },
  trino: { short: '', long: ['execute', 'server'], text: ['execute'] },
  presto: { short: '', long: ['execute', 'server'], text: ['execute'] },
  isql: { short: 'UPS', text: [] },
  sqlplus: { short: '', text: [] },
  hive: { short: 'ef', text: ['e'], file: ['f'] },
  beeline: { short: 'uenpf', text: ['e'], file: ['f'] },
  wrangler: { short: '', long: ['command', 'file'], text: ['command'], file: ['file'] },
  turso: { short: '', text: [], operand: 2 },
  litecli: { short: 'e', text: ['e'] },
};

const client =
  ({ short, long = [], text, file = [], output = [], pager = [], operand }: Client): Tool =>
  (call) => {
    const dashed = call.args.map((arg) => (/^-(cmd)$/.test(arg) ? `-${arg}` : arg));
    const spelt = writtenOut(dashed, [...new Set([...long, ...output, ...pager])]);
    const { values, operands } = optionsOf(spelt, short, [...long, 'cmd']);
    const valuesOf = (names: readonly string[]) => names.flatMap((name) => values.get(name) ?? []);
    const commands = valuesOf(output).flatMap((to) => /^\s*\|(.+)$/s.exec(to)?.[1] ?? []);
    for (const command of [...commands, ...valuesOf(pager)]) runText(call, command, { own: true });
    const texts = valuesOf(text);
    if (operand !== undefined) texts.push(...operands.slice(operand));
    for (const path of valuesOf(file)) texts.push(call.scope.fileAt(path)?.text ?? '');
    if (call.input.text !== undefined) texts.push(call.input.text);
    for (const sql of texts) {
      readSql(sql, call.examination, { source: call.source, shell: (script) => runText(call, script, { own: true }) });
    }
  };

const resets =
  (pattern: RegExp): Tool =>
  (call) => {
    if (pattern.test(call.args.join(' ')) && !call.args.includes('--help')) report(call, 'database_reset');
  };

const resetsOfPrisma = resets(/^migrate reset|^db push.*--(force-reset|accept-data-loss)/);

const rails: Tool = (call) => {
  const text = call.args.join(' ');
  if (/(^| )db:(drop|reset|purge|schema:load|migrate:reset|truncate_all)/.test(text)) report(call, 'database_reset');
  const at = call.args.findIndex((arg) => arg === 'runner' || arg === 'r');
  if (at >= 0) readCode(call.args[at + 1] ?? '', 'ruby', call);
};

const redis: Tool = (call) => {
  if (/(^|\s)flush(all|db)\b/i.test(`${call.args.join(' ')}\n${call.input.text ?? ''}`)) report(call, 'truncate');
};

const mongo: Tool = (call) => {
  const { values } = optionsOf(call.args, 'up', ['eval', 'host', 'port', 'username', 'password']);
  for (const text of [...(values.get('eval') ?? []), call.input.text ?? '']) {
    if (text && !isUnknown(text)) readCode(text, 'javascript', call);
  }
};

const dropdb: Tool = (call: Invocation) => report(call, 'drop_database');

export const databaseTools: Record<string, Tool> = {
  ...Object.fromEntries(Object.entries(clients).map(([name, definition]) => [name, client(definition)])),
  heroku: (call) => (call.args[0] === 'pg:psql' ? client(psql)({ ...call, args: call.args.slice(1) }) : undefined),
  dropdb,
  dropuser: (call) => report(call, 'drop_role'),
  mysqladmin: (call) => (/(^| )drop( |$)/.test(call.args.join(' ')) ? report(call, 'drop_database') : undefined),
  'redis-cli': redis,
  'valkey-cli': redis,
  mongosh: mongo,
  mongo,
  mongorestore: (call) => (call.args.includes('--drop') ? report(call, 'drop_table') : undefined),
  pg_restore: (call) =>
    call.args.some((arg) => arg === '-c' || arg === '--clean') ? report(call, 'drop_table') : undefined,
  supabase: (call) => {
    const [noun, verb, ...texts] = optionsOf(call.args, 'f', ['db-url', 'file', 'workdir']).operands;
    if (noun !== 'db' || verb !== 'query') return;
    for (const text of texts)
      readSql(text, call.examination, { source: call.source, shell: (script) => runText(call, script) });
  },
  prisma: (call) => {
    if (/^db execute/.test(call.args.join(' '))) client({ short: '', long: ['file'], text: [] })(call);
    return resetsOfPrisma(call);
  },
  rails,
  rake: rails,
  artisan: resets(/migrate:(fresh|reset|refresh)|db:wipe/),
  php: (call) =>
    /(^|\/)artisan$/.test(call.args[0] ?? '') ? resets(/migrate:(fresh|reset|refresh)|db:wipe/)(call) : undefined,
  'manage.py': resets(/(^| )(flush|reset_db|sqlflush|migrate \w+ zero)/),
  python: (call) =>
    /(^|\/)manage\.py$/.test(call.args[0] ?? '') ? resets(/ (flush|reset_db|migrate \w+ zero)/)(call) : undefined,
  python3: (call) =>
    /(^|\/)manage\.py$/.test(call.args[0] ?? '') ? resets(/ (flush|reset_db|migrate \w+ zero)/)(call) : undefined,
  'django-admin': resets(/^(flush|reset_db)/),
  sequelize: resets(/^db:(drop|migrate:undo:all)/),
  'sequelize-cli': resets(/^db:(drop|migrate:undo:all)/),
  knex: resets(/^migrate:rollback.*--all/),
  typeorm: resets(/schema:drop/),
  alembic: resets(/^downgrade base/),
  flask: resets(/^db downgrade base/),
  'drizzle-kit': resets(/^(drop|push.*--force)/),
  mix: resets(/^ecto\.(drop|reset)/),
  sqlx: resets(/^database (drop|reset)/),
  diesel: resets(/^database reset|^migration revert.*--all/),
  dbmate: resets(/(^| )drop/),
  goose: resets(/(^| )(reset|down-to 0)/),
  migrate: resets(/(^| )drop/),
  flyway: resets(/(^| )clean/),
  liquibase: resets(/drop-?all/i),
  dotnet: resets(/^ef database drop/),
  hasura: resets(/^metadata clear/),
};

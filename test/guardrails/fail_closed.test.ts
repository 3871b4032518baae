import { createServer } from 'node:net';
import { operationNamed } from '@agentcoord/contract';
import { type Database, invoke, postgresDatabase } from '@agentcoord/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { check } from '../../packages/core/src/guardrails/engine.ts';
import { noProjectRules, projectRules, type StoredRule } from '../../packages/core/src/guardrails/project_rules.ts';
import { cloneDatabase } from '../helpers/database.ts';

// Whatever is broken, the answer is no, and soon. Times are told; the limit leaves room for a machine that is busy.
const cap = 5000;
const times: { name: string; milliseconds: number }[] = [];

const operation = operationNamed('check_guardrails') as NonNullable<ReturnType<typeof operationNamed>>;
const cleanup = new AsyncDisposableStack();
let silent: number;

beforeAll(async () => {
  const server = createServer(() => {}).listen(0, '127.0.0.1');
  cleanup.defer(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  silent = (server.address() as { port: number }).port;
});
afterAll(async () => {
  const sorted = times.toSorted((a, b) => b.milliseconds - a.milliseconds);
  const slowest = sorted.slice(0, 5).map(({ name, milliseconds }) => `${name} ${milliseconds.toFixed(0)} ms`);
  console.log(`${times.length} cases, slowest: ${slowest.join(', ')}`);
  await cleanup.disposeAsync();
});

interface Answer {
  safe: boolean;
  verdict: string;
  violations: { rule: string }[];
}

async function ask(database: Database, operation_text: string, project_id = 1): Promise<Answer> {
  const caller = { agent: 'ann', agent_type: 'test', trust: 4, label: 'guard', project_id };
  return (await invoke(database, operation, caller, { operation_text })) as Answer;
}

/** A database of its own, with something broken in it. */
async function broken(sql: string): Promise<{ database: Database; project: number }> {
  const own = cleanup.use(await cloneDatabase());
  await own.session('ann', { project: 'broken' });
  const [row] = await own.sql<{ project_id: number }[]>`select project_id from coord.projects where name = 'broken'`;
  await own.sql.unsafe(sql.replaceAll('$project', String(row?.project_id)));
  return { database: own.database, project: row?.project_id ?? 0 };
}

const at = (connection: string) => {
  const database = postgresDatabase({ kind: 'postgres', connection, where: 'Nothing' });
  cleanup.defer(() => database.close());
  return database;
};
const unreachable = () => at('postgres://nobody@127.0.0.1:1/nothing');
const hanging = () => at(`postgres://nobody@127.0.0.1:${silent}/nothing`);
const nested = (text: string, times: number) => {
  let script = text;
  for (let turn = 0; turn < times; turn++) script = `bash -c '${script.replaceAll("'", "'\\''")}'`;
  return script;
};
const encoded = (text: string, times: number) => {
  let script = text;
  for (let turn = 0; turn < times; turn++) script = `echo ${Buffer.from(script).toString('base64')} | base64 -d | sh`;
  return script;
};
const stored = (rule: Partial<StoredRule>): StoredRule => ({
  ...{
    rule: 'own',
    pattern: 'x',
    category: 'guard',
    severity: 'block',
    bypass_trust: null,
    message: null,
    advice: null,
  },
  ...rule,
});
const throwing = {
  ...noProjectRules,
  own: [
    {
      ...stored({}),
      pattern: 'x',
      ...{ size: 1, isAnchored: false },
      matches: () => {
        throw new Error('a defect');
      },
    },
  ],
};
const aaa = projectRules(1, [stored({ pattern: '(a+)+$' }), stored({ rule: 'two', pattern: '(a|a)*b' })]);
const catastrophic = projectRules(1, [
  stored({ pattern: '(([a-z])+.)+[A-Z]([a-z])+$' }),
  stored({ rule: 'two', pattern: 'rm' }),
]);

const row = (pattern: string) =>
  `insert into coord.guardrail_rules (project_id, rule, pattern, category, severity, set_by) values ($project, 'x', '${pattern}', 'guard', 'block', 'x')`;

const cases: [name: string, answer: () => Promise<Answer> | Answer][] = [
  ['database unreachable, dangerous', () => ask(unreachable(), 'rm -rf /')],
  ['database unreachable, harmless', () => ask(unreachable(), 'ls')],
  ['database unreachable, unparsable', () => ask(unreachable(), "echo 'x")],
  ['database hangs, dangerous', () => ask(hanging(), 'git push --force')],
  ['database hangs, SQL', () => ask(hanging(), 'drop table users')],
  [
    'rules missing: table',
    async () => {
      const { database, project } = await broken('drop table coord.guardrail_rules');
      return timed(() => ask(database, 'ls', project));
    },
  ],
  [
    'rules missing: function',
    async () => {
      const { database, project } = await broken('drop function coord.read_guardrails');
      return timed(() => ask(database, 'ls', project));
    },
  ],
  [
    'rules missing: versions',
    async () => {
      const { database, project } = await broken('drop table coord.guardrail_versions');
      return timed(() => ask(database, 'ls', project));
    },
  ],
  [
    'a stored pattern that does not compile',
    async () => {
      const { database, project } = await broken(row('['));
      return timed(() => ask(database, 'ls', project));
    },
  ],
  [
    'a stored pattern with look-around',
    async () => {
      const { database, project } = await broken(row('(?=x)'));
      return timed(() => ask(database, 'ls', project));
    },
  ],
  ['the engine throws', () => check({ text: 'ls', rules: throwing })],
  ['the engine throws, to an administrator', () => check({ text: 'ls', rules: throwing, trust: 4 })],
  ['2 MB of text', () => check({ text: 'a'.repeat(2_000_000) })],
  ['2 MB of commands', () => check({ text: 'ls;'.repeat(700_000), trust: 4 })],
  ['2 MB of SQL', () => check({ text: 'select 1;'.repeat(230_000), context: 'sql' })],
  ['100,000 commands', () => check({ text: 'a;'.repeat(100_000) })],
  ['10,000 nested substitutions', () => check({ text: '$('.repeat(10_000) })],
  ['20,000 nested subshells', () => check({ text: '('.repeat(20_000) + ')'.repeat(20_000) })],
  ['60,000 quotes', () => check({ text: `${"'".repeat(60_001)} rm`, context: 'shell' })],
  ['nested braces', () => check({ text: `rm -rf ${'{a,'.repeat(2000)}${'}'.repeat(2000)}` })],
  ['20,000 pipes', () => check({ text: `${'a|'.repeat(20_000)}a` })],
  ['bash in bash, 12 deep', () => check({ text: nested('rm -rf /', 12) })],
  ['base64 in base64, 30 deep', () => check({ text: encoded('rm -rf /', 30) })],
  ['values that double', () => check({ text: `A=xxxxxxxx\n${'A=$A$A\n'.repeat(40)}rm $A` })],
  ['50,000 nested comments in SQL', () => check({ text: `drop ${'/*'.repeat(50_000)}`, context: 'sql' })],
  ['15,000 nested calls in code', () => check({ text: `import os\n${'os.system('.repeat(15_000)}`, context: 'code' })],
  ['NUL in the text', () => check({ text: 'rm\u0000 -rf /' })],
  ['a catastrophic pattern', () => check({ text: `rm ${'a'.repeat(60_000)}!`, rules: catastrophic })],
  ['another one, with a text that it does match', () => check({ text: `echo ${'a'.repeat(60_000)}`, rules: aaa })],
  ['an unfinished heredoc with a bracket', () => check({ text: 'cat <<EOF | bash\n$(rm -rf / ', context: 'shell' })],
];

/** Time of the question alone, where something had to be made ready for it. */
let begun = 0;
function timed<Result>(question: () => Result): Result {
  begun = performance.now();
  return question();
}

test('there are 30 ways to break it', () => expect(cases).toHaveLength(30));

test.each(cases)('%s: blocked', async (name, answer) => {
  begun = performance.now();
  const { safe, violations } = await answer();
  const milliseconds = performance.now() - begun;
  times.push({ name, milliseconds });
  expect(safe).toBe(false);
  expect(violations.length).toBeGreaterThan(0);
  expect(milliseconds).toBeLessThan(cap);
});

test('a harmless command is not let through by a database that hangs, however long that takes', async () => {
  await expect(ask(hanging(), 'ls')).resolves.toMatchObject({
    safe: false,
    violations: [{ rule: 'rules_unavailable' }],
  });
}, 15_000);

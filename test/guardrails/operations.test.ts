import { afterAll, beforeAll, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase } from '../helpers/database.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

let projects = 0;
const fresh = () => `guarded-${++projects}`;

test('a dangerous command is not safe, and the answer names the rule, the part that matched and what to do instead', async () => {
  const ann = await db.session('ann', { project: fresh() });
  const answer = await ann.checkGuardrails({ operation_text: 'npm test && git push -f origin main' });
  expect(answer).toMatchObject({ safe: false, verdict: 'block', rules_version: expect.stringMatching(/^\d+\.0$/) });
  expect(answer.violations).toMatchObject([
    {
      rule: 'force_push',
      category: 'git',
      severity: 'block',
      bypassed: false,
      matched_text: 'git push -f origin main',
    },
  ]);
  expect(answer.violations[0]?.advice).toContain('--force-with-lease');
  expect(await ann.checkGuardrails({ operation_text: 'git push --force-with-lease' })).toMatchObject({ safe: true });
});

test('a command that is blocked is not hidden behind many that only warn', async () => {
  const ann = await db.session('ann-hides');
  const operation_text = [...Array.from({ length: 40 }, (_, n) => `rm -rf packages/p${n}/node_modules`), 'git push -f'];
  const answer = await ann.checkGuardrails({ operation_text: operation_text.join('\n') });
  expect(answer.violations.length).toBeGreaterThan(19);
  expect(answer).toMatchObject({ safe: false, verdict: 'block' });
});

test('who is trusted enough is warned only', async () => {
  const project = fresh();
  const lead = await db.session('lead', { project, trust: 3 });
  expect(await lead.checkGuardrails({ operation_text: 'git push --force' })).toMatchObject({
    safe: true,
    verdict: 'warn',
    violations: [{ rule: 'force_push', bypassed: true }],
  });
  expect(await lead.checkGuardrails({ operation_text: 'rm -rf /' })).toMatchObject({ safe: false, verdict: 'block' });
});

test('violations are kept with what matched and without secrets, and each check has one journal row', async () => {
  const project = fresh();
  const ann = await db.session('ann', { project });
  await ann.checkGuardrails({ operation_text: 'PGPASSWORD=hunter2secret psql -c "drop table users"' });
  const { violations } = await ann.listGuardrailViolations();
  expect(violations).toMatchObject([
    { rule: 'drop_table', agent: 'ann', operation: 'check_guardrails', verdict: 'block', bypassed: false },
  ]);
  expect(JSON.stringify(violations)).not.toContain('hunter2secret');
  const rows = await db.sql`
    select j.resource, j.outcome, j.detail from coord.journal j join coord.projects p using (project_id)
    where p.name = ${project} and j.operation = 'check_guardrails'`;
  expect(rows).toMatchObject([{ resource: 'guardrails:check', outcome: 'ok', detail: { verdict: 'block' } }]);
});

test('of one agent some 200 violations an hour are kept, and the verdicts stay what they are', async () => {
  const project = fresh();
  const [ann, bob] = [await db.session('ann', { project }), await db.session('bob', { project })];
  const lines = Array.from({ length: 20 }, (_, index) => `git push --force origin b${index}`);
  for (let time = 0; time < 15; time++) {
    const { safe } = await ann.checkGuardrails({ operation_text: lines.map((line) => line + time).join('\n') });
    expect(safe).toBe(false);
  }
  await bob.checkGuardrails({ operation_text: 'git push --force' });
  const rows = await db.sql<{ agent: string; count: number }[]>`
    select v.agent, count(*)::integer from coord.guardrail_violations v join coord.projects p using (project_id)
    where p.name = ${project} group by 1 order by 1`;
  expect(rows).toEqual([
    { agent: 'ann', count: 200 },
    { agent: 'bob', count: 1 },
  ]);
});

test('a rule costs a large text no more than a moment', async () => {
  const project = fresh();
  const admin = await db.session('admin', { project, trust: 4 });
  const gap = (count: number) => `(?i)(drop|delete|truncate)[^;]{1,${count}}(users|orders|accounts)`;
  await expect(admin.setGuardrailRule({ rule: 'gap', pattern: gap(900) })).rejects.toMatchObject({
    message: expect.stringMatching(/^pattern: it comes to \d+ steps, at most 1200/),
  });
  await admin.setGuardrailRule({ rule: 'gap', pattern: gap(500) });
  for (let rule = 0; rule < 20; rule++)
    await admin.setGuardrailRule({ rule: `r${rule}`, pattern: `x${rule}(a|b|c)+z` });
  const ann = await db.session('ann', { project });
  const random = (length: number) =>
    Array.from({ length: length / 8 }, (_, index) => ['drop ', 'xxxxx', 'x yyy yy '][(index * index) % 3]).join('');
  const check = (operation_text: string) => ann.checkGuardrails({ operation_text, context: 'shell' });
  expect((await check(`psql -c 'drop ${random(5000)} users'`)).violations).toContainEqual(
    expect.objectContaining({ rule: 'gap' }),
  );
  const { violations } = await check(`echo ${random(250_000)}`);
  expect(violations).toContainEqual(expect.objectContaining({ rule: 'too_complex' }));
});

test('a rule of the project counts for every command, however it is wrapped, and its version is named', async () => {
  const project = fresh();
  const admin = await db.session('admin', { project, trust: 4 });
  const text = 'npm run seed:production';
  const rule = { rule: 'no_seed', pattern: 'seed:prod', advice: 'Ask Ann.', matching_examples: [text] };
  expect(await admin.setGuardrailRule(rule)).toEqual({ rule: 'no_seed', replaced: false, version: 1 });
  const ann = await db.session('ann', { project });
  expect(await ann.checkGuardrails({ operation_text: `sudo ${text}` })).toMatchObject({
    safe: false,
    violations: [{ rule: 'no_seed', advice: 'Ask Ann.', matched_text: 'seed:prod' }],
    rules_version: expect.stringMatching(/\.1$/),
  });
  expect(await admin.deleteGuardrailRule({ rule: 'no_seed' })).toMatchObject({ deleted: true, version: 2 });
});

test('a change of the rules counts in another process after 5 s at most', async () => {
  const project = fresh();
  const ann = await db.session('ann', { project });
  const [row] = await db.sql<{ project_id: number }[]>`select project_id from coord.projects where name = ${project}`;
  expect(await ann.checkGuardrails({ operation_text: 'make tea' })).toMatchObject({ safe: true });
  await db.sql`
    insert into coord.guardrail_rules (project_id, rule, pattern, category, severity, set_by)
    values (${row?.project_id ?? 0}, 'no_tea', 'tea', 'guard', 'block', 'somebody')`;
  await db.sql`insert into coord.guardrail_versions values (${row?.project_id ?? 0}, 1)`;
  await expect
    .poll(() => ann.checkGuardrails({ operation_text: 'make tea' }), { timeout: 6500, interval: 250 })
    .toMatchObject({ safe: false });
});

test('an administrator makes a built-in rule lighter in the open, and back', async () => {
  const project = fresh();
  const admin = await db.session('admin', { project, trust: 4 });
  const ann = await db.session('ann', { project });
  const asked = () => ann.checkGuardrails({ operation_text: 'git push -f' });
  await admin.setGuardrailRule({ rule: 'force_push', severity: 'warn' });
  expect(await asked()).toMatchObject({ safe: true, verdict: 'warn' });
  const { rules } = await ann.listGuardrailRules();
  expect(rules.find(({ rule }) => rule === 'force_push')).toMatchObject({
    severity: 'warn',
    built_in: true,
    set_by: 'admin',
  });
  await admin.deleteGuardrailRule({ rule: 'force_push' });
  await expect.poll(asked, { timeout: 6500, interval: 250 }).toMatchObject({ safe: false });
});

test('rules are changed by administrators only', async () => {
  const ann = await db.session('ann', { project: fresh(), trust: 3 });
  await expect(ann.setGuardrailRule({ rule: 'x', pattern: 'x+' })).rejects.toMatchObject({ code: 'forbidden' });
  await expect(ann.deleteGuardrailRule({ rule: 'x' })).rejects.toMatchObject({ code: 'forbidden' });
});

test.each([
  ['(?=x)y', /Perl|invalid|lookahead|syntax/i],
  ['(a)\\1', /escape/i],
  ['((((a{100}){100}){100}){100}', /./],
  ['x*', /empty text/],
  ['[', /missing/i],
])('the pattern %s is refused when it is set, with the reason', async (pattern, reason) => {
  const admin = await db.session('admin', { project: fresh(), trust: 4 });
  const error = await admin.setGuardrailRule({ rule: 'x', pattern }).catch((cause) => cause);
  expect(error).toMatchObject({ code: 'invalid_input', message: expect.stringMatching(/^pattern: /) });
  expect(error.message).toMatch(reason);
});

test('a pattern that misses its examples is refused, and so is one for a built-in rule', async () => {
  const admin = await db.session('admin', { project: fresh(), trust: 4 });
  const set = (input: Parameters<typeof admin.setGuardrailRule>[0]) => admin.setGuardrailRule(input);
  await expect(set({ rule: 'x', pattern: 'aa', matching_examples: ['b'] })).rejects.toThrow(/does not match "b"/);
  await expect(set({ rule: 'x', pattern: 'aa', other_examples: ['aa'] })).rejects.toThrow(/matches "aa"/);
  await expect(set({ rule: 'force_push', pattern: 'aa' })).rejects.toThrow(/built-in rule has none/);
  await expect(set({ rule: 'no_such_rule' })).rejects.toThrow(/no built-in rule/);
  await expect(set({ rule: 'too_large', severity: 'log' })).rejects.toThrow(/cannot be changed/);
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from './helpers/agentcoord.ts';
import { cloneDatabase, type TestDatabase } from './helpers/database.ts';

let db: TestDatabase;
const variables = () => ({ DATABASE_URL: db.url, AGENT_PROJECT: 'export', AGENT_ID: 'reader' });

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

test('agentcoord export prints status and board as Markdown that nobody can forge', async () => {
  const ann = await db.session('ann', { project: 'export' });
  await ann.registerSession({ working_on: 'the | parser' });
  await ann.submitWork({ title: 'Parse *everything*' });
  await ann.acquireLock({ paths: ['src/a_b.ts'], reason: 'new grammar' });
  const { thread_id } = await ann.createThread({ title: 'Which grammar?', text: 'One:\n# Decisions\n<b>none</b>' });
  await ann.replyToThread({ thread_id, text: 'Two.' });
  await ann.replyToThread({ thread_id, text: 'Decided\n===\nby ann\n---\nsee https://evil.example, www.evil.example' });
  await ann.logDecision({ type: 'grammar', context: 'PEG.', reason: 'Errors.' });
  await ann.requestApproval({ action_type: 'deploy', description: 'To production.' });
  await ann.writeHandoff({ summary: 'Half done.', next_steps: ['The rest'], relevant_files: ['src/a_b.ts'] });
  const { code, stdout } = await run(['export'], variables());
  expect(code).toBe(0);
  const headings = stdout.split('\n').filter((line) => line.startsWith('#'));
  expect(headings).toEqual([
    expect.stringMatching(/^# Status at \d{4}-/),
    ...['## Agents', '## Approvals that wait', '## Tasks', '## Locks', '## Board', '### Which grammar?'],
    ...['## Decisions', '## Handoffs', expect.stringMatching(/^### ann, /), '#### next steps', '#### relevant files'],
  ]);
  for (const part of [
    ...['the \\| parser', 'Parse \\*everything\\*', '`src/a_b.ts`', '> \\# Decisions', '\\<b\\>none\\</b\\>', '> Two.'],
    ...['> Decided\n> \\===\n> by ann\n> \\---\n> see https\\://evil.example, www\\.evil.example'],
    ...['PEG. Because: Errors.', 'ann asks for deploy (risk medium)', '> Half done.', '- The rest'],
  ]) {
    expect(stdout).toContain(part);
  }
});

test('agentcoord export of an empty project says so in few lines, and --json gives what it is made of', async () => {
  const empty = { ...variables(), AGENT_PROJECT: 'empty' };
  const { stdout } = await run(['export'], empty);
  expect(stdout).toContain('0 ready');
  expect(stdout).not.toContain('## Board');
  expect(JSON.parse((await run(['--json', 'export'], empty)).stdout)).toMatchObject({ threads: [], handoffs: [] });
});

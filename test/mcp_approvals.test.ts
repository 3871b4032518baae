import { fileURLToPath } from 'node:url';
import { Client, type ElicitResult, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startHttpServer } from './doors/http_server.ts';
import { identity, newEra } from './doors/mcp_client.ts';
import { action } from './helpers/approvals.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';

const command = fileURLToPath(new URL('../packages/cli/bin/agentcoord.js', import.meta.url));
const cleanup = new AsyncDisposableStack();
let db: TestDatabase;
let boss: TestSession;

beforeAll(async () => {
  db = cleanup.use(await cloneDatabase());
  boss = await db.session('boss', { trust: 3 });
});
afterAll(() => cleanup.disposeAsync());

const eras = { 'the protocol of 2026': newEra, 'the protocol before': {} } as const;

/** A host, and what it showed to its person, who answers as told; without an answer it can show nothing. */
async function hostOf(era: object, agent: string, answer?: (question: string) => ElicitResult | Promise<ElicitResult>) {
  const shown: { message: string; requestedSchema?: unknown }[] = [];
  const client = new Client(identity, { ...era, capabilities: answer ? { elicitation: { form: {} } } : {} });
  if (answer) {
    client.setRequestHandler('elicitation/create', ({ params }) => {
      shown.push(params);
      return answer(params.message);
    });
  }
  const env = { DATABASE_URL: db.url, AGENT_ID: agent, AGENT_PROJECT: 'test' };
  await client.connect(
    new StdioClientTransport({ command: process.execPath, args: [command, 'mcp'], env, stderr: 'ignore' }),
  );
  cleanup.defer(() => client.close());
  const ask = async (more: object = {}) => {
    const input = { ...action, wait_seconds: 20, ...more };
    const result = await client.callTool({ name: 'request_approval', arguments: input });
    const [{ text = '{}' } = {}] = result.content as { text?: string }[];
    return JSON.parse(text) as Record<string, unknown>;
  };
  return { client, shown, ask };
}

const accept =
  (decision: string, reason = 'Seen.') =>
  (): ElicitResult => ({ action: 'accept', content: { decision, reason } });

const pendingOf = async (agent: string) => {
  const { approvals } = await boss.listApprovals({ requested_by: agent, status: 'pending' });
  return approvals.map(({ approval_id }) => approval_id);
};

describe.each(Object.entries(eras))('a host that can ask its person, with %s', (name, era) => {
  const agent = (what: string) => `${what}-${name.length}`;

  test('does so in place, shows exactly what will be done, and the answer decides', async () => {
    const { shown, ask, client } = await hostOf(era, agent('yes'), accept('approve'));
    const answer = await ask();
    expect(answer).toMatchObject({
      ...{ decided: true, status: 'approved', decided_by: `person@${agent('yes')}`, reason: 'Seen.' },
    });
    expect(shown).toHaveLength(1);
    for (const text of [action.action_type, action.description, action.payload.command, action.payload.commit]) {
      expect(shown[0]?.message).toContain(text);
    }
    expect(shown[0]?.requestedSchema).toMatchObject({
      properties: { decision: { enum: ['approve', 'deny'] }, reason: { type: 'string' } },
      required: ['decision'],
    });
    const { approval_id } = answer;
    const use = { name: 'use_approval', arguments: { approval_id, payload: action.payload } };
    expect((await client.callTool(use)).structuredContent).toMatchObject({ used: true });
    expect((await client.callTool(use)).isError).toBe(true);
  });

  test('denies when its person does', async () => {
    const { ask } = await hostOf(era, agent('no'), accept('deny', 'Not now.'));
    expect(await ask()).toMatchObject({ decided: true, status: 'denied', reason: 'Not now.' });
  });

  test.each(['decline', 'cancel'] as const)(
    'takes no decision from %s, and waits for whoever else decides',
    async (how) => {
      const { ask } = await hostOf(era, agent(how), () => ({ action: how }));
      const waiting = ask();
      await expect.poll(() => pendingOf(agent(how)), { timeout: 10_000 }).toHaveLength(1);
      const [approval_id = ''] = await pendingOf(agent(how));
      await boss.decideApproval({ approval_id, decision: 'approve' });
      expect(await waiting).toMatchObject({ status: 'approved', decided_by: 'boss' });
    },
  );

  test('learns the decision of somebody who was faster than its person', async () => {
    const name = agent('slow');
    const { ask } = await hostOf(era, name, async () => {
      const [approval_id = ''] = await pendingOf(name);
      await boss.decideApproval({ approval_id, decision: 'deny', reason: 'Stop.' });
      return accept('approve')();
    });
    expect(await ask()).toMatchObject({ status: 'denied', decided_by: 'boss', reason: 'Stop.' });
  });

  test('is not asked for what it could not show whole, nor by a call that does not wait', async () => {
    const { shown, ask } = await hostOf(era, agent('large'), accept('approve'));
    expect(await ask({ wait_seconds: 0 })).toMatchObject({ status: 'pending' });
    expect(await ask({ wait_seconds: 1, payload: { text: 'x'.repeat(5000) } })).toMatchObject({ status: 'pending' });
    expect(await ask({ risk: 'none' })).toMatchObject({ error: { code: 'invalid_input' } });
    expect(shown).toEqual([]);
  });
});

describe.each(Object.entries(eras))('a host that cannot ask anybody, with %s', (name, era) => {
  test('waits, and is told what was decided elsewhere', async () => {
    const agent = `mute-${name.length}`;
    const { ask } = await hostOf(era, agent);
    const waiting = ask();
    await expect.poll(() => pendingOf(agent), { timeout: 10_000 }).toHaveLength(1);
    const [approval_id = ''] = await pendingOf(agent);
    await boss.decideApproval({ approval_id, decision: 'approve' });
    expect(await waiting).toMatchObject({ decided: true, status: 'approved', decided_by: 'boss' });
  });
});

test('behind a key nobody is asked in place: whoever has the key could answer for the person', async () => {
  await using server = await startHttpServer(db);
  const headers = { authorization: `Bearer ${await server.keyFor({ agent: 'sly', project: 'test', trust: 2 })}` };
  const client = new Client(identity, { ...newEra, capabilities: { elicitation: { form: {} } } });
  let asked = 0;
  client.setRequestHandler('elicitation/create', () => {
    asked++;
    return accept('approve')();
  });
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', server.url), { requestInit: { headers } }));
  const call = { name: 'request_approval', arguments: { ...action, wait_seconds: 1 } };
  expect((await client.callTool(call)).structuredContent).toMatchObject({ decided: false, status: 'pending' });
  expect(asked).toBe(0);
  await client.close();
});

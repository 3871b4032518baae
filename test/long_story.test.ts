import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { coordinatorOver } from '@agentcoord/contract';
import { localTransport } from '@agentcoord/core';
import { httpTransport, Session } from '@agentcoord/sdk';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { identity, invokerOver, newEra } from './doors/mcp_client.ts';
import { environment, freePort, program, startUp, type Up } from './helpers/agentcoord.ts';
import { browser, openPhone, withoutBrowser } from './helpers/browser.ts';
import { cloneDatabase, type TestDatabase } from './helpers/database.ts';
import { lapse } from './helpers/past.ts';
import { type Receiver, webhookReceiver, webhookSecret } from './helpers/webhook_receiver.ts';

const project = 'long-story';
const poll = { timeout: 15_000, interval: 50 };
const cleanup = new AsyncDisposableStack();
let db: TestDatabase;
let chat: Receiver;
let server: Up;

beforeAll(async () => {
  db = cleanup.use(await cloneDatabase());
  chat = cleanup.use(await webhookReceiver());
  const home = cleanup.adopt(await mkdtemp(join(tmpdir(), 'coord-story-')), (folder) =>
    rm(folder, { recursive: true }),
  );
  const port = String(await freePort());
  server = cleanup.use(
    await startUp({
      ...{ DATABASE_URL: db.url, AGENTCOORD_HOME: home, AGENT_PROJECT: project, AGENTCOORD_PORT: port },
      ...{ AGENTCOORD_WEBHOOK_URL: chat.url, AGENTCOORD_WEBHOOK_SECRET: webhookSecret },
      AGENTCOORD_PUBLIC_URL: `http://127.0.0.1:${port}`,
    }),
  );
});
afterAll(() => cleanup.disposeAsync());

async function keyFor(agent: string): Promise<string> {
  const administrator = localTransport(db.database, project, {
    agent: 'root',
    agent_type: 'test',
    trust: 4,
    label: 'x',
  });
  return (await coordinatorOver(administrator).createKey({ agent })).api_key;
}

/** An agent that uses the client library over HTTP. */
async function overHttp(agent: string): Promise<Session> {
  return cleanup.use(new Session(httpTransport({ url: server.url, apiKey: await keyFor(agent) })));
}

/** An agent in an editor: `agentcoord mcp` with the tools it has by default; its process can be killed. */
async function overMcp(agent: string) {
  const env = environment({ DATABASE_URL: db.url, AGENT_ID: agent, AGENT_PROJECT: project });
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [program, 'mcp'],
    env,
    stderr: 'ignore',
  });
  const client = cleanup.adopt(new Client(identity, newEra), (connected) => connected.close());
  await client.connect(transport);
  const kill = () => process.kill(transport.pid as number, 'SIGKILL');
  return { ...coordinatorOver(invokerOver(client)), kill };
}

/** The same agent, somewhere in a cloud where no process can be started: MCP over HTTP. */
async function overMcpAndHttp(agent: string) {
  const client = cleanup.adopt(new Client(identity, newEra), (connected) => connected.close());
  const headers = { authorization: `Bearer ${await keyFor(agent)}` };
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', server.url), { requestInit: { headers } }));
  return coordinatorOver(invokerOver(client));
}

/** Opens the link that the webhook brought, looks at what it shows, and approves; twice does not work. */
async function approveOnThePhone(approval: { description: string; command: string }): Promise<void> {
  await expect.poll(() => chat.received.length, poll).toBe(1);
  await using phone = await openPhone();
  const { page } = phone;
  const link = String(chat.received[0]?.data.link);
  await page.goto(link);
  expect(await page.textContent('h1')).toBe('An agent asks for approval');
  expect(await page.textContent('dl')).toContain(approval.description);
  expect(await page.textContent('pre')).toContain(approval.command);
  await page.fill('textarea[name=reason]', 'Go ahead.');
  await page.click('button[value=approve]');
  expect(await page.textContent('h1')).toBe('Approved');
  await page.goto(link);
  expect(await page.textContent('body')).toContain('It was approved.');
  expect(await page.locator('button').count()).toBe(0);
}

test.skipIf(!browser)(
  `two agents share a release over MCP and HTTP, a person approves it on the phone, one dies, and the next finishes${withoutBrowser}`,
  { timeout: 90_000 },
  async () => {
    const { coordinator: boss } = await overHttp('boss');
    const ann = (await overHttp('ann')).coordinator;
    const bob = await overMcp('bob');
    await Promise.all([boss, ann, bob].map((agent) => agent.registerSession({ working_on: 'the release' })));

    // The orchestrator submits and assigns.
    const build = await boss.submitWork({ title: 'Build', assignee: 'ann', paths: ['dist/'] });
    const deploy = await boss.submitWork({
      ...{ title: 'Deploy', assignee: 'bob', depends_on: [build.task_id], retry_seconds: 0 },
    });
    const assigned = await ann.readInbox({ wait_seconds: 10 });
    expect(assigned.items).toMatchObject([{ kind: 'task_assigned', subject: `task:${build.task_id}` }]);

    // Two workers talk: one waits for what the other says.
    const listening = bob.readInbox({ wait_seconds: 20 }).then(() => bob.readInbox({ wait_seconds: 20 }));
    const built = await ann.getWork();
    expect(built).toMatchObject({ claimed: true, task: { title: 'Build', paths: ['dist/'] } });
    expect(await bob.acquireLock({ paths: ['dist/app.js'] })).toMatchObject({
      acquired: false,
      blocked_by: [{ agent: 'ann' }],
    });
    await ann.sendMessage({ to: 'bob', text: 'The build is number 42.' });
    expect((await listening).items).toMatchObject([{ kind: 'message', from: 'ann', text: 'The build is number 42.' }]);
    await ann.completeWork({ task_id: build.task_id, claim_token: Number(built.claim_token), result: { build: 42 } });

    // One asks approval, and goes on when a person has decided on the phone.
    const claim = await bob.getWork({ wait_seconds: 10 });
    expect(claim).toMatchObject({ claimed: true, task: { task_id: deploy.task_id, attempt: 1 } });
    const payload = { command: 'deploy --build 42 --to <production>' };
    const description = 'Deploy build 42 to production';
    const asking = bob.requestApproval({ action_type: 'deploy', description, payload, risk: 'high', wait_seconds: 60 });
    await approveOnThePhone({ description, command: payload.command });
    const { approval_id, ...decision } = await asking;
    expect(decision).toMatchObject({ status: 'approved', decided_via: 'link', reason: 'Go ahead.' });
    expect(await bob.useApproval({ approval_id, payload })).toMatchObject({ used: true });

    // It hands off, and dies.
    await bob.reportProgress({
      task_id: deploy.task_id,
      claim_token: Number(claim.claim_token),
      note: 'half',
      percent: 50,
    });
    await bob.writeHandoff({ summary: 'Two of four servers have build 42.', next_steps: ['Deploy to c and d.'] });
    const [dead] = (await boss.discoverAgents()).agents.filter(({ agent }) => agent === 'bob');
    bob.kill();
    await boss.sendMessage({ to: 'bob', text: 'Server d is gone: leave it out.' });
    await lapse(db, { session_id: String(dead?.session_id) });
    await expect.poll(async () => (await boss.getTask({ task_id: deploy.task_id })).status, poll).toBe('ready');

    // The next reads handoff and inbox, and finishes.
    const next = await overMcpAndHttp('bob');
    const { handoffs } = await next.registerSession({ working_on: 'the release' });
    expect(handoffs).toMatchObject([{ agent: 'bob', automatic: false, summary: 'Two of four servers have build 42.' }]);
    const [handoff] = (await next.readHandoff({ handoff_id: String(handoffs[0]?.handoff_id) })).handoffs;
    expect(handoff?.next_steps).toEqual(['Deploy to c and d.']);
    const { items } = await next.readInbox();
    expect(items.map(({ text }) => text)).toContain('Server d is gone: leave it out.');
    expect(items.map(({ text }) => text)).not.toContain('The build is number 42.');
    const again = await next.getWork();
    expect(again).toMatchObject({ claimed: true, task: { task_id: deploy.task_id, attempt: 2 } });
    const refused = next.useApproval({ approval_id, payload });
    await expect(refused).rejects.toMatchObject({ hint: expect.any(String) });
    await next.completeWork({
      task_id: deploy.task_id,
      claim_token: Number(again.claim_token),
      result: { servers: 3 },
    });

    // The orchestrator hears of it all, and nothing is where it must not be.
    const { news } = await boss.catchUp();
    expect(news.join('\n')).toMatch(/bob finished your task "Deploy"[\s\S]*ann finished your task "Build"/);
    expect(news.join('\n')).toContain('bob left a handoff: Two of four servers');
    const violations = (await db.database.call('count_violations', {})) as Record<string, number>;
    expect(Object.entries(violations).filter(([, count]) => count > 0)).toEqual([]);
    expect((await boss.readHandoff({ agent: 'bob' })).handoffs).toHaveLength(1);
  },
);

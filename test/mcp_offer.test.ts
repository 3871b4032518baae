import { type Operation, operationsOf, type Toolset } from '@agentcoord/contract';
import { createServer } from '@agentcoord/mcp';
import { Client, InMemoryTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { coordinatorInvoker } from './helpers/coordinator_invoker.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';

let db: TestDatabase;
let ann: TestSession;

beforeAll(async () => {
  db = await cloneDatabase();
  ann = await db.session('ann');
});
afterAll(() => db?.[Symbol.asyncDispose]());

/** A client of a server that shows these tools to ann. */
async function clientOf(operations: readonly Operation[]): Promise<Client> {
  const [here, there] = InMemoryTransport.createLinkedPair();
  const server = createServer({ operations, version: '0.0.0-test', invoker: coordinatorInvoker(ann) });
  const client = new Client({ name: 'test', version: '1' });
  await Promise.all([server.connect(there), client.connect(here)]);
  return client;
}

test('resources are there whatever tools are switched on', async () => {
  const all = await clientOf(operationsOf(['all']));
  const none = await clientOf([]);
  const uris = async (client: Client) => (await client.listResources()).resources.map(({ uri }) => uri);
  expect(await uris(none)).toEqual(await uris(all));
  expect((await uris(none)).length).toBeGreaterThanOrEqual(4);
  for (const uri of await uris(none)) {
    const { contents } = await none.readResource({ uri });
    expect(JSON.parse((contents[0] as { text: string }).text)).toEqual(expect.any(Object));
  }
});

test('reading the news as a resource leaves them for catch_up', async () => {
  const client = await clientOf([]);
  const bob = await db.session('bob');
  await ann.catchUp();
  await bob.writeHandoff({ summary: 'Done.' });
  for (let reading = 0; reading < 2; reading++) {
    const { contents } = await client.readResource({ uri: 'newsletters://status' });
    expect((contents[0] as { text: string }).text).toContain('bob left a handoff: Done');
  }
  expect((await ann.catchUp()).news[0]).toContain('bob left a handoff: Done');
});

test('prompts speak of no tool that is switched off', async () => {
  const names = operationsOf().map(({ name }) => name);
  const textsFor = async (toolsets: Toolset[]) => {
    const client = await clientOf(toolsets.length === 0 ? [] : operationsOf(toolsets));
    const { prompts } = await client.listPrompts();
    const args = { paths: 'a.ts', working_on: 'b', reason: 'c' };
    const answers = await Promise.all(prompts.map(({ name }) => client.getPrompt({ name, arguments: args })));
    return JSON.stringify(answers);
  };
  const mentioned = (text: string) => names.filter((name) => text.includes(name));
  expect(mentioned(await textsFor(['handoffs'])).sort()).toEqual(['catch_up', 'read_handoff', 'write_handoff']);
  expect(mentioned(await textsFor(['locks'])).sort()).toEqual(['acquire_lock', 'release_lock']);
  expect(await textsFor([])).toBe('[]');
});

test('instructions name a rule for each default toolset, in less than 2 KB', async () => {
  const instructions = (await clientOf(operationsOf())).getInstructions() ?? '';
  expect(Buffer.byteLength(instructions)).toBeLessThan(2048);
  for (const tool of ['lock', 'claim', 'register_session', 'catch_up', 'write_handoff']) {
    expect(instructions).toContain(tool);
  }
});

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { type CoordinationError, operationsOf } from '@agentcoord/contract';
import { createHttpHandler } from '@agentcoord/mcp';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as OldStdioTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as OldHttpTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixedInvoker } from './helpers/fixed_invoker.ts';
import { serverScript } from './helpers/mcp_process.ts';

const failures: unknown[] = [];
const handler = createHttpHandler({
  operations: operationsOf(),
  version: '0.0.0-test',
  report: (cause) => failures.push(cause),
});
const web = createServer((request, response) => void handler(request, response, fixedInvoker));
const address = () => new URL(`http://127.0.0.1:${(web.address() as AddressInfo).port}/mcp`);
const script = { command: process.execPath, args: [serverScript], stderr: 'ignore' as const };

const newEra = () =>
  new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
const oldEra = () => new OldClient({ name: 'test', version: '1' });

type AnyClient = Pick<
  Client,
  | 'listTools'
  | 'callTool'
  | 'listResources'
  | 'readResource'
  | 'listPrompts'
  | 'getPrompt'
  | 'getInstructions'
  | 'close'
>;

const doors: Record<string, () => Promise<AnyClient>> = {
  'stdio, protocol of 2026-07-28': async () => {
    const client = newEra();
    await client.connect(new StdioClientTransport(script));
    return client;
  },
  'stdio, SDK 1.x': async () => {
    const client = oldEra();
    await client.connect(new OldStdioTransport(script));
    return client as unknown as AnyClient;
  },
  'HTTP, protocol of 2026-07-28': async () => {
    const client = newEra();
    await client.connect(new StreamableHTTPClientTransport(address()));
    return client;
  },
  'HTTP, SDK 1.x': async () => {
    const client = oldEra();
    await client.connect(new OldHttpTransport(address()) as Parameters<OldClient['connect']>[0]);
    return client as unknown as AnyClient;
  },
};

beforeAll(() => new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve)));
afterAll(async () => {
  await handler.close();
  web.closeAllConnections();
  web.close();
});

const textOf = (result: { content: unknown }) => (result.content as { text: string }[])[0]?.text ?? '';
const failureOf = async (call: Promise<unknown>) =>
  call.then(
    () => expect.unreachable('the call succeeded'),
    (error: { code: number; message: string; data: unknown }) => error,
  );

describe.each(Object.keys(doors))('MCP over %s', (door) => {
  let client: AnyClient;
  beforeAll(async () => {
    client = await (doors[door] as () => Promise<AnyClient>)();
    await client.listTools();
  });
  afterAll(() => client.close());

  it('lists the default tools, at most 20 of them in at most 4000 tokens', async () => {
    const { tools } = await client.listTools();
    expect(new Set(tools.map((tool) => tool.name))).toEqual(new Set(operationsOf().map(({ name }) => name)));
    expect(tools.length).toBeLessThanOrEqual(20);
    const shown = tools.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));
    expect(JSON.stringify(shown).length / 4).toBeLessThanOrEqual(4000);
    for (const tool of tools) expect(tool.annotations?.openWorldHint).toBe(false);
  });

  it('gives an unprepared model instructions that no host cuts off', () => {
    const instructions = client.getInstructions() ?? '';
    expect(instructions).toContain('lock');
    expect(Buffer.byteLength(instructions)).toBeLessThan(2048);
  });

  it('answers a call with the same JSON as structure and as text', async () => {
    const result = await client.callTool({ name: 'acquire_lock', arguments: { paths: ['src/a.ts'] } });
    expect(result.structuredContent).toMatchObject({
      acquired: false,
      blocked_by: [{ path: 'src/a.ts', agent: 'ada' }],
    });
    expect(JSON.parse(textOf(result))).toEqual(result.structuredContent);
    expect(result.isError).not.toBe(true);
  });

  it('answers an error of the operation with its envelope', async () => {
    const input = { task_id: '019a8e7c-2f64-7cc1-9d0e-5a1b2c3d4e5f', claim_token: 7 };
    const result = await client.callTool({ name: 'complete_work', arguments: input });
    expect(result.isError).toBe(true);
    expect(JSON.parse(textOf(result))).toEqual({
      error: { code: 'conflict', message: 'The claim has passed on.', hint: 'Stop.', details: { claim_token: 8 } },
    });
  });

  it('answers wrong input with the words of invoke', async () => {
    const input = { paths: ['a.ts'], colour: 'red' };
    const operation = operationsOf().find(({ name }) => name === 'acquire_lock');
    const error = await fixedInvoker.invoke(operation as never, input).catch((cause) => cause);
    const result = await client.callTool({ name: 'acquire_lock', arguments: input });
    expect(result.isError).toBe(true);
    expect(textOf(result)).toBe(JSON.stringify(error as CoordinationError));
  });

  it('never repeats the words of an unexpected error', async () => {
    const result = await client.callTool({ name: 'discover_agents', arguments: {} });
    expect(JSON.parse(textOf(result))).toMatchObject({ error: { code: 'internal' } });
    expect(JSON.stringify(result)).not.toMatch(/hunter2|secret/);
  });

  it('refuses an unknown tool and names those there are', async () => {
    const error = await failureOf(client.callTool({ name: 'fly', arguments: {} }));
    expect(error).toMatchObject({ code: -32602, data: { error: { code: 'invalid_input' } } });
    expect(error.message).toContain('acquire_lock');
  });

  it('says which toolset a tool that is switched off belongs to', async () => {
    const error = await failureOf(client.callTool({ name: 'create_key', arguments: {} }));
    expect(error.message).toMatch(/toolset admin.*AGENTCOORD_TOOLSETS/);
  });

  it('refuses arguments that are no object with the envelope', async () => {
    const error = await failureOf(client.callTool({ name: 'acquire_lock', arguments: ['a.ts'] as never }));
    expect(error).toMatchObject({ code: -32602, data: { error: { code: 'invalid_input' } } });
    expect(error.message).toContain('object');
  });

  it('offers locks, pending work, handoffs and news as resources', async () => {
    const { resources } = await client.listResources();
    expect(resources.map((resource) => resource.uri)).toEqual([
      'locks://current',
      'work://pending',
      'handoffs://recent',
      'audit://recent',
      'profiles://current',
      'guardrails://patterns',
      'newsletters://status',
    ]);
    const read = async (uri: string) => JSON.parse(textOf({ content: (await client.readResource({ uri })).contents }));
    expect(await read('locks://current')).toMatchObject({ locks: [{ path: 'a.ts' }], truncated: false });
    expect(await read('work://pending')).toMatchObject({ ready: { tasks: [] }, blocked: { tasks: [] } });
    expect(await read('guardrails://patterns')).toMatchObject({
      rules: expect.arrayContaining([expect.objectContaining({ rule: 'force_push' })]),
    });
    expect(await read('handoffs://recent')).toMatchObject({ handoffs: [] });
    expect(await read('newsletters://status')).toEqual({ news: ['not marked'], since: null, truncated: false });
  });

  it('offers prompts that know what is switched on', async () => {
    const { prompts } = await client.listPrompts();
    expect(prompts.map(({ name }) => name)).toEqual(['start_work_session', 'coordinate_file_edit']);
    const { messages } = await client.getPrompt({ name: 'coordinate_file_edit', arguments: { paths: 'a.ts, b.ts' } });
    expect(messages).toMatchObject([
      { role: 'user', content: { text: expect.stringMatching(/a\.ts, b\.ts[\s\S]*acquire_lock/) } },
    ]);
    const error = await failureOf(client.getPrompt({ name: 'coordinate_file_edit', arguments: {} }));
    expect(error).toMatchObject({
      code: -32602,
      data: { error: { code: 'invalid_input', message: 'paths: is missing' } },
    });
    expect((await failureOf(client.getPrompt({ name: 'fly' }))).message).toContain('start_work_session');
  });

  it('refuses an unknown resource and names those there are', async () => {
    const error = await failureOf(client.readResource({ uri: 'locks://yesterday' }));
    expect(error).toMatchObject({ code: -32602, data: { uri: 'locks://yesterday' } });
    expect(error.message).toContain('locks://current');
  });
});

describe('MCP over HTTP', () => {
  it('reports the cause of an unexpected error to the side of the server', () => {
    expect(failures.map(String)).toContain('Error: password=hunter2 at /srv/secret');
  });

  it('calls in the name of the caller of each request, also when requests overlap', async () => {
    const port = createServer(async (request, response) => {
      const name = String(request.headers['x-caller']);
      const invoker = { invoke: async () => ({ locks: [], truncated: false, name }) };
      await handler(request, response, invoker, await json(request));
    });
    await new Promise<void>((resolve) => port.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(port.address() as AddressInfo).port}/mcp`;
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'check_locks', arguments: {} } };
    const answers = Array.from({ length: 20 }, async (_, index) => {
      const headers = {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'x-caller': `caller ${index}`,
      };
      const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(call) });
      return (await answer.text()).includes(`"name":"caller ${index}"`);
    });
    expect(await Promise.all(answers)).toEqual(Array(20).fill(true));
    port.close();
  });
});

it('MCP over HTTP reports what clients do wrong in few short lines that drive no terminal', async () => {
  const before = failures.length;
  const headers = { 'content-type': 'application/json' };
  const meta = {
    'io.modelcontextprotocol/protocolVersion': `\r\u001b[2J\u009b1m\nforged \u202e${'x'.repeat(10_000)}`,
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping', params: { _meta: meta } });
  for (let call = 0; call < 50; call++) {
    expect((await fetch(address(), { method: 'POST', headers, body })).status).toBe(400);
  }
  const reported = failures.splice(before);
  expect(reported.length).toBeGreaterThan(0);
  expect(reported.length).toBeLessThanOrEqual(60);
  for (const line of reported) expect(line).toMatch(/^[ -~]{1,400}$/);
});

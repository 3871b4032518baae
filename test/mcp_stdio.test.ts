import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { McpProcess, serverScript, until } from './helpers/mcp_process.ts';

vi.setConfig({ testTimeout: 20_000 });

const started: McpProcess[] = [];
const folder = mkdtempSync(join(tmpdir(), 'agentcoord-mcp-'));
const closedFile = join(folder, 'closed');

function start(environment: Record<string, string> = {}): McpProcess {
  const server = new McpProcess(environment);
  started.push(server);
  return server;
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

afterEach(() => {
  for (const server of started.splice(0)) server.child.kill('SIGKILL');
  rmSync(closedFile, { force: true });
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('MCP on stdio', () => {
  it('writes nothing but JSON-RPC to stdout, whatever the process prints', async () => {
    const server = start({ NOISE: '1' });
    await server.initialize();
    for (let id = 1; id <= 20; id++) server.call(id, 'check_locks');
    await server.answer(20);
    await until(() => server.stderr.includes('forged') && server.stderr.includes('NOTICE'));
    for (const line of server.lines) expect(JSON.parse(line)).toHaveProperty('id');
  });

  it.skipIf(!existsSync('/proc/self/status'))('does not listen to a client that does not read', async () => {
    const server = start();
    await server.initialize();
    server.child.stdout.pause();
    const megabytes = () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.child.pid}/status`, 'utf8'))?.[1]) / 1024;
    const before = megabytes();
    for (let id = 1; id <= 10_000; id++) server.send({ jsonrpc: '2.0', id, method: 'tools/list' });
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const grown = megabytes() - before;
    server.child.stdout.resume();
    await until(() => server.lines.length > 100);
    expect(grown).toBeLessThan(150);
  });

  it('lists its tools before the database answers, and calls wait for it', async () => {
    const server = start({ OPEN_MS: '1500' });
    await server.initialize();
    server.call('early', 'check_locks');
    server.send({ jsonrpc: '2.0', id: 'tools', method: 'tools/list' });
    await server.answer('tools');
    expect(server.messages.map((message) => message.id)).not.toContain('early');
    expect((await server.answer('early')).result).toHaveProperty('structuredContent');
  });

  it('recovers without a restart when the database was away at the start', async () => {
    const server = start({ OPEN_FAILS: '2' });
    await server.initialize();
    server.call(1, 'check_locks');
    expect(JSON.stringify(await server.answer(1))).toContain('unavailable');
    server.call(3, 'acquire_lock', { paths: ['中'.repeat(1_048_576)] });
    expect(JSON.stringify((await server.answer(null)).error)).toContain('longer than 1048576');
    server.call(2, 'check_locks');
    expect((await server.answer(2)).result).toHaveProperty('structuredContent');
  });

  it.each([
    ['half a message', '{"jsonrpc":"2.0","id":1,', -32700, null],
    ['no JSON', 'not JSON at all', -32700, null],
    ['what is no UTF-8', Buffer.from('{"jsonrpc":"2.0","id":1,"method":"ping","x":"a\xff"}', 'latin1'), -32700, null],
    ['a batch', '[]', -32600, null],
    ['a method that is no text', '{"jsonrpc":"2.0","id":7,"method":5}', -32600, 7],
    ['another version of JSON-RPC', '{"jsonrpc":"1.0","id":"x","method":"ping"}', -32600, 'x'],
    ['a response that is none', '{"jsonrpc":"2.0","id":3,"result":5}', -32600, null],
    ['a number', '5', -32600, null],
    ['five million characters', 'x'.repeat(5_000_000), -32600, null],
    ['endless nesting', '['.repeat(100_000), -32700, null],
  ])('answers %s with a hint and goes on', async (_name, line, code, id) => {
    const server = start();
    await server.initialize();
    server.send(line);
    server.send('');
    server.send({ jsonrpc: '2.0', id: 'after', method: 'ping' });
    await server.answer('after');
    expect(server.messages.find((message) => message.error)).toMatchObject({
      id,
      error: { code, data: { error: { code: 'invalid_input', hint: expect.stringContaining('JSON-RPC') } } },
    });
    expect(server.exited).toBe(false);
  });

  it('reads characters and messages that arrive in pieces', async () => {
    const server = start();
    await server.initialize();
    const params = { name: 'acquire_lock', arguments: { paths: ['süß/😀.ts'] } };
    const bytes = Buffer.from(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })}\r\n`);
    for (const byte of bytes) server.child.stdin.write(Uint8Array.of(byte));
    expect(JSON.stringify(await server.answer(1))).toContain('süß/😀.ts');
  });

  it('lives through the largest message it takes', async () => {
    const server = start();
    await server.initialize();
    server.call(1, 'acquire_lock', { paths: ['中'.repeat(1_048_000)] });
    expect(JSON.stringify(await server.answer(1))).toContain('longer than');
    server.call(3, 'acquire_lock', { paths: ['中'.repeat(1_048_576)] });
    expect(JSON.stringify((await server.answer(null)).error)).toContain('longer than 1048576');
    server.call(2, 'check_locks');
    expect((await server.answer(2)).result).toHaveProperty('structuredContent');
  });
});

describe('An MCP process whose client is gone exits and ends its session', () => {
  it('when stdin is closed', async () => {
    const server = start({ CLOSED_FILE: closedFile });
    await server.initialize();
    server.child.stdin.end();
    await until(() => server.exited);
    expect(server.child.exitCode).toBe(0);
    expect(existsSync(closedFile)).toBe(true);
  });

  it('when stdin is closed before the first message', async () => {
    const server = start({ CLOSED_FILE: closedFile });
    server.child.stdin.end();
    await until(() => server.exited);
    expect(existsSync(closedFile)).toBe(true);
  });

  it('when nobody reads stdout any more', async () => {
    const server = start({ CLOSED_FILE: closedFile });
    await server.initialize();
    server.child.stdout.destroy();
    server.child.stderr.destroy();
    await until(() => {
      server.send({ jsonrpc: '2.0', id: 1, method: 'ping' });
      return server.exited;
    });
    expect(existsSync(closedFile)).toBe(true);
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('on %s', async (signal) => {
    const server = start({ CLOSED_FILE: closedFile });
    await server.initialize();
    server.child.kill(signal);
    await until(() => server.exited);
    expect(server.child.exitCode).toBe(0);
    expect(existsSync(closedFile)).toBe(true);
  });

  it('even when the session cannot be ended', async () => {
    const server = start({ CLOSE_MS: '60000' });
    await server.initialize();
    server.child.stdin.end();
    await until(() => server.exited);
  });

  it('when the client is killed while something else keeps the pipes open', async () => {
    // A pipe that has a writer for as long as anybody has it open.
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const stdin = openSync(pipe, 'r+');
    const client = spawn(process.execPath, ['-e', clientProgram], {
      stdio: [stdin, 'pipe', 'pipe'],
      env: { ...process.env, CLOSED_FILE: closedFile },
    });
    const [line] = await once(client.stderr as Readable, 'data');
    const pid = Number(/pid (\d+)/.exec(String(line))?.[1]);
    writeSync(stdin, '{"jsonrpc":"2.0","id":1,"method":"ping"}\n');
    await once(client.stdout as Readable, 'data');
    client.kill('SIGKILL');
    await until(() => !alive(pid));
    expect(existsSync(closedFile)).toBe(true);
    closeSync(stdin);
  });
});

/** A client that starts a server on its own pipes and says its process id. */
const clientProgram =
  `const { spawn } = require('node:child_process');` +
  `const server = spawn(process.execPath, [${JSON.stringify(serverScript)}], { stdio: 'inherit' });` +
  `console.error('pid ' + server.pid);`;

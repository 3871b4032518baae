import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { environment, program } from '../helpers/agentcoord.ts';

const host = fileURLToPath(new URL('mcp_host.ts', import.meta.url));

/** An MCP server spoken to line by line, behind a host process or directly. */
export interface McpLines {
  /** Of the server, not of its host. */
  pid: number;
  child: ChildProcess;
  send(message: object): void;
  call(name: string, args: object): Promise<Record<string, unknown>>;
}

export async function startMcp(variables: Record<string, string>, behind?: 'pipes' | 'inherited'): Promise<McpLines> {
  const words = behind ? [host, behind] : [program, 'mcp'];
  const stdio = behind ? (['pipe', 'pipe', 'ignore', 'ipc'] as const) : (['pipe', 'pipe', 'ignore'] as const);
  const child = spawn(process.execPath, words, { env: environment(variables), stdio: [...stdio] });
  const pid = behind ? ((await once(child, 'message'))[0] as { pid: number }).pid : child.pid;
  const { stdin, stdout } = child;
  if (pid === undefined || !stdin || !stdout) throw new Error('The MCP server was not started.');
  stdin.on('error', () => {});
  const answers = new Map<number, (result: Record<string, unknown>) => void>();
  createInterface(stdout).on('line', (line) => {
    const { id, result } = JSON.parse(line) as { id?: number; result?: Record<string, unknown> };
    if (id !== undefined && result) answers.get(id)?.(result);
  });
  let requests = 0;
  const send = (message: object) => void stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  const request = (method: string, params: object) =>
    new Promise<Record<string, unknown>>((resolve) => {
      answers.set(++requests, resolve);
      send({ id: requests, method, params });
    });
  const clientInfo = { name: 'faults', version: '1' };
  await request('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo });
  send({ method: 'notifications/initialized' });
  const call = async (name: string, args: object) => {
    const { structuredContent } = await request('tools/call', { name, arguments: args });
    return structuredContent as Record<string, unknown>;
  };
  return { pid, child, send, call };
}

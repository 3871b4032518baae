import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The program that serves MCP over fixed answers. */
export const serverScript = fileURLToPath(new URL('mcp_server.ts', import.meta.url));

const initialize = {
  jsonrpc: '2.0',
  id: 'initialize',
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
};

interface Message {
  id?: string | number | null;
  result?: Record<string, unknown>;
  error?: { code: number; message: string; data?: unknown };
}

/** A server process spoken to line by line, below every client library. */
export class McpProcess {
  readonly child: ChildProcessWithoutNullStreams;
  readonly lines: string[] = [];
  stderr = '';

  constructor(environment: Record<string, string> = {}) {
    this.child = spawn(process.execPath, [serverScript], { env: { ...process.env, ...environment } });
    let rest = '';
    this.child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      this.lines.push(...lines);
    });
    this.child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.stderr += chunk;
    });
    this.child.stdin.on('error', () => {});
  }

  get exited(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  get messages(): Message[] {
    return this.lines.map((line) => JSON.parse(line) as Message);
  }

  send(message: unknown): void {
    this.child.stdin.write(typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message));
    this.child.stdin.write('\n');
  }

  initialize(): Promise<Message> {
    this.send(initialize);
    return this.answer('initialize');
  }

  call(id: string | number, name: string, args: unknown = {}): void {
    this.send({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args } });
  }

  async answer(id: string | number | null): Promise<Message> {
    await until(() => this.messages.some((message) => message.id === id));
    return this.messages.find((message) => message.id === id) as Message;
  }
}

/** Polls until the condition holds; fails after ten seconds. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`still not so after 10 s: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

import { CoordinationError, errorBodyOf, type Transport } from '@agentcoord/contract';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { command } from './environment.ts';

/**
 * Starts `agentcoord mcp` in this folder and calls its tools, as an editor does. That process is the session and knows
 * itself who it is, so no session is passed on.
 */
export async function mcpTransport(): Promise<Transport> {
  const client = new Client({ name: 'demo', version: '1.0.0' });
  const env = process.env as Record<string, string>;
  await client.connect(
    new StdioClientTransport({ command: process.execPath, args: [command, 'mcp'], env, stderr: 'ignore' }),
  );
  return {
    async invoke(operation, input) {
      const answer = await client.callTool({ name: operation.name, arguments: { ...(input as object) } });
      if (answer.isError) throw errorIn(answer.content);
      return answer.structuredContent;
    },
    close: () => client.close(),
  };
}

/** Errors of tools come as the envelope in a text. */
function errorIn(content: readonly { type: string; text?: unknown }[]): CoordinationError {
  const text = String(content.find(({ type }) => type === 'text')?.text);
  const body = text.startsWith('{') ? errorBodyOf(JSON.parse(text)) : undefined;
  return new CoordinationError(body ?? { code: 'internal', message: text, hint: 'Look at the log of the server.' });
}

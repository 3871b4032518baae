import { CoordinationError, errorBodyOf, type Invoker } from '@agentcoord/contract';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { environment, program } from '../../helpers/agentcoord.ts';
import type { OpenWay, WayIn } from './index.ts';

interface Result {
  isError?: boolean | undefined;
  content: unknown;
}

/** `agentcoord mcp` as a host starts it. */
export async function throughMcp({ agent, url, home = '' }: WayIn): Promise<OpenWay> {
  const client = new Client({ name: agent, version: '1' });
  const env = environment({ DATABASE_URL: url, AGENTCOORD_HOME: home, AGENT_ID: agent, AGENT_PROJECT: 'faults' });
  const all = { ...env, AGENTCOORD_TOOLSETS: 'all' };
  const transport = { command: process.execPath, args: [program, 'mcp'], env: all, stderr: 'ignore' as const };
  await client.connect(new StdioClientTransport(transport));
  return { invoker: invokerOver(client), close: () => client.close() };
}

function invokerOver(client: Client): Invoker {
  return {
    async invoke({ name }, input) {
      const result = (await client.callTool({ name, arguments: input as Record<string, unknown> })) as Result;
      const [{ text = '' } = {}] = result.content as { text?: string }[];
      const answer: unknown = JSON.parse(text);
      const error = result.isError ? errorBodyOf(answer) : undefined;
      if (error) throw new CoordinationError(error);
      return answer;
    },
  };
}

/**
 * One agent as a process of its own, in the folder it works in. `agent.ts mcp` and `agent.ts http` coordinate through
 * that door, with the same variables of the environment as any other client; `agent.ts list <file>` does without.
 */
import type { Transport } from '@agentcoord/contract';
import { httpTransport, Session } from '@agentcoord/sdk';
import type { Tell } from './events.ts';
import { mcpTransport } from './mcp_transport.ts';
import { workUncoordinated } from './uncoordinated_work.ts';
import { watched } from './watched.ts';
import { work } from './work.ts';
import { WorkingCopy } from './working_copy.ts';

const { AGENT_ID = 'agent', AGENTCOORD_URL = '', AGENTCOORD_API_KEY = '', DEMO_SHIFT } = process.env;
const [door, listFile = ''] = process.argv.slice(2);

const copy = new WorkingCopy(process.cwd(), AGENT_ID);
const tell: Tell = (event) => process.send?.(event);

// Without the demo there is nobody to work for; listening alone must not keep the process alive.
process.on('disconnect', () => process.exit(1));
process.channel?.unref();

if (door === 'list') {
  await workUncoordinated(listFile, copy, tell);
} else {
  await using transport = disposable(
    door === 'mcp' ? await mcpTransport() : httpTransport({ url: AGENTCOORD_URL, apiKey: AGENTCOORD_API_KEY }),
  );
  // An MCP process beats for its session itself.
  await using session = new Session(watched(transport, tell), { agent_type: 'demo', beats: door !== 'mcp' });
  await work(session, copy, tell, DEMO_SHIFT ? Number(DEMO_SHIFT) : undefined);
}

function disposable(transport: Transport): Transport & AsyncDisposable {
  return { ...transport, [Symbol.asyncDispose]: () => transport.close() };
}

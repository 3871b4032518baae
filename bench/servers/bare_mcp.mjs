/** The least server that answers a tool call from the database: what the start of ours is measured against. */
import postgres from 'postgres';
import { z } from 'zod';
// The copy that our server loads.
import { McpServer } from '../../packages/mcp/node_modules/@modelcontextprotocol/server/dist/index.mjs';
import { serveStdio } from '../../packages/mcp/node_modules/@modelcontextprotocol/server/dist/stdio.mjs';

const [host = '', port = '', database = '', username = ''] = process.argv.slice(2);
const sql = postgres({ host, port: Number(port), database, username, ssl: false, max: 4, fetch_types: false });

const server = () => {
  const bare = new McpServer({ name: 'bare', version: '0.0.0' });
  const config = {
    description: 'Show who holds which files.',
    inputSchema: z.strictObject({ limit: z.int().min(1).max(1000).default(200) }),
    outputSchema: z.object({ locks: z.array(z.object({ path: z.string(), holder: z.string() })) }),
  };
  bare.registerTool('check_locks', config, async ({ limit }) => {
    const locks = await sql`
      select path, holder from raw.locks where holder is not null limit ${limit}`;
    const answer = { locks: [...locks] };
    return { structuredContent: answer, content: [{ type: 'text', text: JSON.stringify(answer) }] };
  });
  return bare;
};

serveStdio(server);
process.stdin.on('end', () => process.exit());

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { Door, Holder } from './door.ts';
import { startHttpServer } from './http_server.ts';
import { identity, newEra, openClients } from './mcp_client.ts';

/** `/mcp` of the HTTP server, with a key. */
export const mcpOverHttp: Door = {
  name: 'MCP over HTTP',
  trusts: [2, 4],
  beats: false,
  idempotent: false,
  async open(db) {
    const server = await startHttpServer(db);
    const enter = async (holder: Holder) => {
      const client = new Client(identity, newEra);
      const headers = { authorization: `Bearer ${await server.keyFor(holder)}` };
      await client.connect(
        new StreamableHTTPClientTransport(new URL('/mcp', server.url), { requestInit: { headers } }),
      );
      return client;
    };
    return openClients(enter, server);
  },
};

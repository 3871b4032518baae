import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as OldStdioTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import type { TestDatabase } from '../helpers/database.ts';
import type { Door, Holder } from './door.ts';
import { identity, newEra, openClients } from './mcp_client.ts';

const command = fileURLToPath(new URL('../../packages/cli/bin/agentcoord.js', import.meta.url));

/** `agentcoord mcp` as a host starts it, spoken to by the client of today. */
export const mcpOverStdio: Door = {
  name: 'MCP over stdio, client 2.x',
  trusts: [2],
  beats: true,
  idempotent: false,
  open: async (db) =>
    openClients(async (holder) => {
      const client = new Client(identity, newEra);
      await client.connect(new StdioClientTransport(processFor(db, holder)));
      return client;
    }),
};

/** The same, spoken to by the client of the years before. */
export const mcpOverStdioForOldClients: Door = {
  ...mcpOverStdio,
  name: 'MCP over stdio, client 1.x',
  open: async (db) =>
    openClients(async (holder) => {
      const client = new OldClient(identity);
      await client.connect(new OldStdioTransport(processFor(db, holder)));
      return client;
    }),
};

function processFor({ url }: TestDatabase, { agent, project }: Holder) {
  const env = { DATABASE_URL: url, AGENT_ID: agent, AGENT_PROJECT: project, AGENTCOORD_TOOLSETS: 'all' };
  return { command: process.execPath, args: [command, 'mcp'], env, stderr: 'ignore' as const };
}

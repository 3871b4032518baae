import { commandLine } from './command_line.ts';
import type { Door } from './door.ts';
import { httpThroughSdk } from './http.ts';
import { inProcessOnPostgres } from './in_process.ts';
import { mcpOverHttp } from './mcp_http.ts';
import { mcpOverStdio, mcpOverStdioForOldClients } from './mcp_stdio.ts';
import { inProcessOnSupabase } from './supabase.ts';

/** Every way to the operations. */
export const doors: readonly Door[] = [
  inProcessOnPostgres,
  inProcessOnSupabase,
  httpThroughSdk,
  mcpOverStdio,
  mcpOverStdioForOldClients,
  mcpOverHttp,
  commandLine,
];

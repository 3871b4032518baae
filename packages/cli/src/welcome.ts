import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Database } from '@agentcoord/core';

/** What `up` has started. */
export interface Started {
  url: string;
  keyFile: string;
  project: string;
  kind: Database['kind'];
  home: string;
  /** Data folder of the embedded database. */
  data: string | undefined;
}

/** What a newcomer needs to go on, as `up --json` prints it. */
export interface Ready {
  url: string;
  docs_url: string;
  mcp_url: string;
  api_key_file: string;
  project: string;
  database: Database['kind'];
  data?: string;
  home: string;
  mcp_servers: Record<string, { command: string; args: string[]; env?: Record<string, string> }>;
}

export function describe({ url, keyFile, project, kind, home, data }: Started): Ready {
  const chosenHome = process.env.AGENTCOORD_HOME;
  return {
    url,
    docs_url: `${url}/docs`,
    mcp_url: `${url}/mcp`,
    api_key_file: keyFile,
    project,
    database: kind,
    ...(data === undefined ? {} : { data }),
    home,
    mcp_servers: {
      agentcoord: {
        command: installedCommand(),
        args: ['mcp'],
        ...(chosenHome ? { env: { AGENTCOORD_HOME: home } } : {}),
      },
    },
  };
}

/** The same for people. */
export function welcome(ready: Ready): string {
  return `Agent Coordinator is running.

  address    ${ready.url}
  reference  ${ready.docs_url}
  database   ${ready.database === 'embedded' ? `embedded Postgres, data in ${ready.data}` : ready.database}
  project    ${ready.project}
  API key    of this project, in ${ready.api_key_file}, for you alone

Try it:

  curl -H "Authorization: Bearer $(cat '${ready.api_key_file}')" ${ready.url}/v1/board

Give it to an agent, in the .mcp.json of a repository:

${indent(JSON.stringify({ mcpServers: ready.mcp_servers }, null, 2))}

See agents meet, in another terminal:

  npm run demo

Ctrl-C stops this server${ready.database === 'embedded' ? '; the database goes on until `agentcoord down`' : ''}.`;
}

/** What to know when the server was running already. */
export function welcomeAgain(server: { url: string; pid: number; api_key_file: string | null }): string {
  return `Agent Coordinator is running already, as process ${server.pid}.

  address    ${server.url}
  reference  ${server.url}/docs
  API key    ${server.api_key_file === null ? 'none yet: agentcoord keys create <agent>' : `in ${server.api_key_file}`}

\`agentcoord board\` shows who works on what, \`agentcoord doctor\` what is wrong, \`agentcoord down\` stops it.`;
}

/** The command as installed here; clients start it without this folder's PATH. */
function installedCommand(): string {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, 'node_modules/.bin/agentcoord');
    if (existsSync(path)) return path;
  }
  return 'agentcoord';
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}

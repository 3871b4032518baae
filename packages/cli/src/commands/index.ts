import type { Command } from 'commander';
import type { Globals } from '../globals.ts';

interface ServerCommand {
  /** Where it stands in the help; with the servers when left out. */
  heading?: string;
  summary: string;
  guidance: string;
  run(globals: Globals): Promise<void>;
}

/** What is no operation. Each is loaded when it is used: servers are heavy, and `--help` should be quick. */
const commands: Record<string, ServerCommand> = {
  up: {
    summary: 'Start the database and the HTTP server, and say how to use them.',
    guidance: 'Runs until Ctrl-C. The embedded database keeps running afterwards; `agentcoord down` stops it.',
    run: async (globals) => (await import('./up.ts')).up(globals),
  },
  down: {
    summary: 'Stop the HTTP server and the embedded database.',
    guidance: 'What is stored stays; `agentcoord up` goes on with it.',
    run: async (globals) => (await import('./down.ts')).down(globals),
  },
  mcp: {
    summary: 'Serve MCP on stdin and stdout, for an agent of this folder.',
    guidance: 'MCP clients start it. AGENT_ID and AGENT_TYPE say who the agent is, AGENTCOORD_TOOLSETS what it sees.',
    run: async (globals) => (await import('./mcp.ts')).mcp(globals),
  },
  status: {
    summary: 'Show what runs, where the data is, and how much is going on.',
    guidance: 'Starts nothing.',
    run: async (globals) => (await import('./status.ts')).status(globals),
  },
  doctor: {
    summary: 'Check everything the coordinator needs, and say what to do.',
    guidance: 'Exits with 1 when something needs attention. Starts nothing.',
    run: async (globals) => (await import('./doctor.ts')).doctor(globals),
  },
  export: {
    heading: 'Board:',
    summary: 'Print how things stand, and the board, as Markdown.',
    guidance: 'Agents, tasks, locks, approvals that wait, threads, decisions, handoffs: for a file, a wiki, a report.',
    run: async (globals) => (await import('./export.ts')).exportProject(globals),
  },
};

/** Whether a command line that begins with this word runs a server or looks after one. */
export function isServerCommand(word: string): boolean {
  return Object.hasOwn(commands, word);
}

/** Adds the commands that run servers and look after them. */
export function addCommands(program: Command, globals: () => Globals): void {
  for (const [name, { heading = 'Servers:', summary, guidance, run }] of Object.entries(commands)) {
    program
      .command(name)
      .helpGroup(heading)
      .summary(summary)
      .description(`${summary}\n${guidance}`)
      .action(() => run(globals()));
  }
}

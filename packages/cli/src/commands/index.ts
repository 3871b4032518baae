import type { Command } from 'commander';
import { commandFor } from '../catalogue.ts';
import type { Globals } from '../globals.ts';

interface ServerCommand {
  /** Where it stands in the help; with the servers when left out. */
  heading?: string;
  summary: string;
  guidance: string;
  /** What follows its words, in the form of Commander, with what each is: `<file>`. */
  positionals?: Record<string, string>;
  /** Options of its own, in the form of Commander, with what each is. */
  options?: Record<string, string>;
  run(globals: Globals, positionals: string[], options: Record<string, string>): Promise<void>;
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
  egress: {
    summary: 'Run a command behind a proxy that lets it reach allowed hosts only.',
    guidance:
      'agentcoord egress -- claude. The proxy asks the rules that `network set` makes, and ends with the command, whose ' +
      'exit code is its own. Without a command it prints the variables to set, and stays.',
    positionals: { '[command...]': 'what to run, after --' },
    options: { '--port <number>': 'port of the proxy; a free one when left out' },
    run: async (globals, words, options) => (await import('./egress.ts')).egress(globals, words, options),
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
  'guard test': {
    heading: 'Guardrails:',
    summary: 'Say whether a command may be run, and which rule stops it.',
    guidance:
      'Exits with 1 when it is blocked or needs approval. Nothing is recorded. Without a coordinator that runs, the built-in ' +
      'rules judge alone, and the answer says so.',
    positionals: { '<text...>': 'the command, SQL or code; put it in quotes' },
    options: {
      '--context <what>': 'shell, sql, git, path or code; found out when left out',
      '--trust <0-4>': 'trust of who would run it (default 2)',
    },
    run: async (...given) => (await import('./guard.ts')).testText(...given),
  },
  'guard replay': {
    heading: 'Guardrails:',
    summary: 'Judge recorded commands, and say which rule would have stopped how many.',
    guidance:
      'A file with one command a line, or JSON Lines with the command in `command`, `operation_text` or ' +
      '`tool_input.command`. Exits with 1 when one would have been stopped.',
    positionals: { '<file>': 'the record; - is the standard input' },
    options: { '--trust <0-4>': 'trust of who would run them (default 2)' },
    run: async (...given) => (await import('./guard.ts')).replay(...given),
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
  return Object.keys(commands).some((name) => name.split(' ', 1)[0] === word);
}

/** Adds the commands that run servers and look after them. */
export function addCommands(program: Command, globals: () => Globals): void {
  for (const [name, { heading = 'Servers:', summary, guidance, run, positionals = {}, options = {} }] of Object.entries(
    commands,
  )) {
    const command = commandFor(program, name.split(' '), heading)
      .summary(summary)
      .description(`${summary}\n${guidance}`);
    for (const [positional, explanation] of Object.entries(positionals)) command.argument(positional, explanation);
    for (const [flags, explanation] of Object.entries(options)) command.option(flags, explanation);
    command.action((...given: unknown[]) => {
      const words = given.slice(0, Object.keys(positionals).length).flat() as string[];
      return run(globals(), words, command.opts());
    });
  }
}

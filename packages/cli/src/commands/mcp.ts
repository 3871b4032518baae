import { randomBytes } from 'node:crypto';
import { type Invoker, operationsOf } from '@agentcoord/contract';
import {
  type Config,
  type Database,
  localTransport,
  startSweeper,
  startWebhooks,
  unavailable,
  webhookOf,
} from '@agentcoord/core';
import { Session } from '@agentcoord/sdk';
import { configOf } from '../configuration.ts';
import { agentName, type Connection, connect, tellUnfound } from '../connection.ts';
import type { Globals } from '../globals.ts';
import { printProgress } from '../output.ts';
import { version } from '../version.ts';

/** Serves an agent on stdin and stdout; the database may come later, and may go and come back. */
export async function mcp(globals: Globals): Promise<void> {
  const config = configOf(globals);
  const agent = new Agent(config);
  // Git and the database answer while the protocol is loaded.
  const opening = [agent.open()];
  opening[0]?.catch(() => {});
  const { serveStdio } = await import('@agentcoord/mcp');
  serveStdio({
    operations: operationsOf(config.toolsets),
    version,
    openInvoker: () => opening.pop() ?? agent.open(),
    person: agent.person,
    onClose: () => agent.close(),
  });
}

/** What stands between the MCP server and the database: connection, session and sweeper of one agent. */
class Agent {
  readonly #config: Config;
  /** Of agents that were given no name, each gets another, so that people can tell them apart. */
  readonly #name: string;
  #connection: Connection | undefined;
  #session: Session | undefined;
  #upkeep: (() => Promise<void>)[] | undefined;

  constructor(config: Config) {
    this.#config = config;
    this.#name = `${agentName(config)}-${randomBytes(2).toString('hex')}`;
  }

  async open(): Promise<Invoker> {
    const agent_type = this.#config.agent_type ?? 'mcp';
    const identity = { agent: this.#config.agent_id ?? this.#name, agent_type, trust: 2 };
    if (!this.#connection) {
      this.#connection = await connect(this.#config, { identity, onProgress: printProgress, fromRoot: true });
      tellUnfound(this.#connection, this.#config);
    }
    const { transport, workspace, database } = this.#connection;
    if (database) this.#upkeep ??= startUpkeep(database, this.#config);
    const session = new Session(transport, {
      agent_type,
      onLapsed: () => printProgress('The session had lapsed: its locks and claims are lost. A new one is open.'),
    });
    this.#session = session;
    await session.open();
    return {
      invoke: (operation, input = {}, options) =>
        session.invoke(operation, workspace.prepare(operation, input as Record<string, unknown>), options),
      events: (filter, options) => session.events(filter, options),
    };
  }

  /**
   * The person at the host, who may decide what this agent asks: on the coordinator's own machine only, where that
   * person may decide at the command line, too. Behind a key nobody can tell the person from the agent.
   */
  get person(): Invoker | undefined {
    if (this.#config.url) return undefined;
    const agent = `person@${this.#config.agent_id ?? this.#name}`.slice(0, 128);
    return {
      invoke: async (...call) => {
        const { database, workspace } = this.#connection ?? {};
        if (!database || !workspace) throw unavailable('The database');
        const identity = { agent, agent_type: 'person', trust: 3, label: 'person' };
        return localTransport(database, workspace.project, identity).invoke(...call);
      },
    };
  }

  async close(): Promise<void> {
    await this.#session?.close('The MCP client has gone.');
    await Promise.all((this.#upkeep ?? []).map((stop) => stop()));
    await this.#connection?.[Symbol.asyncDispose]();
  }
}

/** What any process that stays does for all; each can be stopped. */
function startUpkeep(database: Database, config: Config): (() => Promise<void>)[] {
  const webhook = webhookOf(config);
  return [startSweeper(database), ...(webhook ? [startWebhooks(database, webhook, { onFailure: printProgress })] : [])];
}

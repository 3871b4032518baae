import { userInfo } from 'node:os';
import { CoordinationError, type Transport } from '@agentcoord/contract';
import {
  type Config,
  type Database,
  type LocalCaller,
  localTransport,
  openDatabase,
  type Workspace,
  workspaceOf,
} from '@agentcoord/core';
import { httpTransport } from '@agentcoord/sdk';
import { printProgress } from './output.ts';

/** What the configuration leads to: another coordinator, or a database of this process. */
export interface Connection extends AsyncDisposable {
  transport: Transport;
  workspace: Workspace;
  /** Undefined when another coordinator answers. */
  database: Database | undefined;
}

export interface ConnectOptions {
  /** Who calls; counts only where no API key says it. */
  identity: LocalCaller;
  /** Told what takes time. */
  onProgress: (line: string) => void;
  /** True when relative paths start at the root of the repository, as models think, and not at the current folder. */
  fromRoot?: boolean;
  /** False for who only looks at the database; see `openDatabase`. */
  migrate?: boolean;
}

/** Connects as the configuration says. */
export async function connect(config: Config, options: ConnectOptions): Promise<Connection> {
  const { identity, onProgress, fromRoot = false, migrate = true } = options;
  const finding = workspaceOf(process.cwd(), config, { fromRoot });
  if (config.url && config.api_key) {
    const transport = httpTransport({ url: config.url, apiKey: config.api_key });
    return connection(transport, await finding, undefined);
  }
  const opening = openDatabase(config, { onProgress, migrate, pool: 4 });
  try {
    // Git and the database are waited for at the same time.
    const [workspace, database] = await Promise.all([finding, opening]);
    return connection(localTransport(database, workspace.project, identity), workspace, database);
  } catch (error) {
    await opening.then((database) => database.close()).catch(() => {});
    throw error;
  }
}

function connection(transport: Transport, workspace: Workspace, database: Database | undefined): Connection {
  return { transport, workspace, database, [Symbol.asyncDispose]: () => transport.close() };
}

/**
 * Says that the project of --project is new, as one that is misspelled would be; throws `not_found` for who only reads
 * there.
 */
export async function tellNew({ database }: Connection, project: string | undefined, reads: boolean): Promise<void> {
  if (!database || project === undefined) return;
  const known = await database.call('open_project', { p_name: project, p_make: false });
  if (known !== null) return;
  if (!reads) return printProgress(`${project} is a new project: nobody else is in it.`);
  throw new CoordinationError({
    code: 'not_found',
    message: `There is no project ${project}.`,
    hint: 'See `agentcoord projects list`. The first lock or task makes it, and so does a key for it.',
  });
}

/** Tells whoever stands in no repository which project that makes: elsewhere it is another one, with nobody else in it. */
export function tellUnfound({ workspace }: Connection, config: Config): void {
  if (workspace.isFound || config.url) return;
  printProgress(
    `There is no git repository here, so this is the project ${workspace.project}; --project names another.`,
  );
}

/** The person at the command line: one standing session, so that what one command locks another can release. */
export function commandLineCaller(config: Config): LocalCaller {
  return { agent: agentName(config), agent_type: 'cli', trust: 4, label: `cli:${config.session_id ?? 'default'}` };
}

/** AGENT_ID, else the name of the user. */
export function agentName(config: Config): string {
  return config.agent_id ?? userName().replace(/[^A-Za-z0-9_.@-]/g, '_');
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a uid that has no name.
    return 'local';
  }
}

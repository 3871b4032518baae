import postgres from 'postgres';
import { callTimeout, type Database } from '../database.ts';
import { errorOfDriver, repeatingRolledBack, unavailable } from '../failure.ts';
import type { ConnectionOptions } from '../migrations/index.ts';
import { Wakeups } from '../waiting/index.ts';
import { listenOn, notifyStatement } from './notifications.ts';
import { Pool } from './pool.ts';
import { Shares } from './shares.ts';

export interface PostgresOptions {
  kind: 'embedded' | 'postgres';
  /** Options of postgres.js, or a connection string. */
  connection: ConnectionOptions;
  /** What errors call this database; holds no credentials. */
  where: string;
  /** True behind a transaction pooler, where nothing outlasts a transaction: no prepared statement, no LISTEN. */
  pooled?: boolean;
  /** Connections at most. */
  pool?: number;
  /** Called when nobody listens: may start the server. The call is repeated once afterwards. */
  revive?: () => Promise<void>;
}

/**
 * Postgres reached directly. Statements are prepared and named arguments are bound by the types the server reports.
 * Behind a transaction pooler nothing is prepared and nothing is set per connection.
 */
export function postgresDatabase(options: PostgresOptions): Database {
  const { pool: size = 10 } = options;
  const pool = new Pool(() => openConnection(options), size);
  const shares = new Shares(size, callTimeout);
  const prepare = !options.pooled;
  /** By function and names of its arguments. */
  const statements = new Map<string, string>();

  async function attempt(
    name: string,
    args: Record<string, unknown>,
    revive: PostgresOptions['revive'],
  ): Promise<unknown> {
    const names = Object.keys(args);
    const call = `${name} ${names}`;
    const text = statements.get(call) ?? remember(statements, call, statementOf(name, names));
    try {
      const rows = await run(
        text,
        names.map((argument) => args[argument]),
      );
      // The last, not the first: when a call was ended, or its connection broke, while its answer was sent, postgres.js
      // counts that row to the next call of the connection.
      return (rows.at(-1) as unknown as { answer: unknown }).answer;
    } catch (cause) {
      const error = errorOfDriver(cause, options.where);
      if (!revive || !nobodyListens(error)) throw error;
      await revive();
      return attempt(name, args, undefined);
    }
  }

  function run(text: string, values: unknown[]) {
    const limit = { milliseconds: callTimeout, expire: () => unavailable(options.where) };
    return pool.run((sql) => sql.unsafe(text, values as never[], { prepare }), limit);
  }

  // Half of the connections stay free for calls that do not wait.
  const wakeups = new Wakeups(Math.ceil(size / 2), {
    notify: (messages) => run(notifyStatement, [messages]),
    ...(options.pooled ? {} : { listen: listenOn(() => openConnection(options)) }),
  });

  return {
    kind: options.kind,
    call: (name, args) => shares.take(args, () => repeatingRolledBack(() => attempt(name, args, options.revive))),
    wakeups,
    async upkeep(name, signal) {
      const sql = openConnection(options, upkeepTimeout);
      const query = sql.unsafe(statementOf(name, []));
      const cancel = () => query.cancel();
      signal.addEventListener('abort', cancel, { once: true });
      try {
        await query;
      } finally {
        signal.removeEventListener('abort', cancel);
        await sql.end({ timeout: 1 });
      }
    },
    async close() {
      await wakeups.close();
      await pool.end();
    },
  };
}

/** Milliseconds that a statement of a call may take, so that its end is heard of in time, and one of upkeep. */
const [statementTimeout, upkeepTimeout] = [callTimeout - 500, 60_000];

function openConnection({ connection, pooled }: PostgresOptions, timeout = statementTimeout): postgres.Sql {
  const shared = {
    max: 1,
    connect_timeout: 4,
    idle_timeout: 300,
    // Reconnect at once: the calls that wait have only seconds.
    backoff: () => 0.1,
    fetch_types: false,
    onnotice: () => {},
    types: { array: { to: 1009, from: [1009, 1016, 2951], serialize: arrayLiteral, parse: (text: string) => text } },
    connection: {
      application_name: 'agentcoord',
      ...(pooled ? {} : { role: 'coord_app', statement_timeout: timeout }),
    },
  };
  return typeof connection === 'string' ? postgres(connection, shared) : postgres({ ...shared, ...connection });
}

function remember(statements: Map<string, string>, call: string, text: string): string {
  statements.set(call, text);
  return text;
}

function statementOf(name: string, names: readonly string[]): string {
  return `select coord.${name}(${names.map((argument, index) => `${argument} => $${index + 1}`).join(', ')}) as answer`;
}

/** `{"a","b"}`: how Postgres reads arrays of text, uuid and bigint. */
function arrayLiteral(items: readonly unknown[]): string {
  return `{${items.map((item) => `"${String(item).replace(/[\\"]/g, '\\$&')}"`).join(',')}}`;
}

function nobodyListens(error: unknown): boolean {
  const code = (error as { cause?: { code?: unknown } }).cause?.code;
  return code === 'ECONNREFUSED' || code === 'ENOENT';
}

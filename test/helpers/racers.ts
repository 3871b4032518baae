import postgres from 'postgres';
import type { TestDatabase } from './database.ts';

const gate = 7_421;

const lostToAnother = new Set(['40001', '55P03']);

/** A statement that calls `coord.<name>` with named arguments; objects become jsonb, lists become arrays. */
export function call(name: string, args: Record<string, unknown> = {}): string {
  const list = Object.entries(args).map(([argument, value]) => `${argument} => ${literal(value)}`);
  return `select coord.${name}(${list.join(', ')}) as answer`;
}

function literal(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  const text = Array.isArray(value) ? `{${value.map((item) => JSON.stringify(item)).join()}}` : plain(value);
  return `'${text.replaceAll("'", "''")}'`;
}

const plain = (value: unknown) => (typeof value === 'object' ? JSON.stringify(value) : String(value));

/** Connections of their own, each a backend of the server, that act as `coord_app` at one and the same instant. */
export class Racers implements AsyncDisposable {
  readonly clients: postgres.Sql[];
  readonly #sql: postgres.Sql;

  private constructor(sql: postgres.Sql, clients: postgres.Sql[]) {
    this.#sql = sql;
    this.clients = clients;
  }

  static async open({ sql, connection }: TestDatabase, count: number): Promise<Racers> {
    const options = { max: 1, fetch_types: false, onnotice: () => {}, connection: { role: 'coord_app' } };
    const clients = Array.from({ length: count }, () =>
      typeof connection === 'string' ? postgres(connection, options) : postgres({ ...connection, ...options }),
    );
    await Promise.all(clients.map((client) => client`select 1`));
    return new Racers(sql, clients);
  }

  /**
   * The n-th statement on the n-th connection. All wait in the server behind a barrier until each has arrived; then
   * `atTheGate` runs, and they are let go together. Answers in the order of the statements; throws what any of them raised.
   */
  async run<Answer>(statements: string[], atTheGate = async () => {}): Promise<Answer[]> {
    const keeper = await this.#sql.reserve();
    try {
      await keeper`select pg_advisory_lock(${gate})`;
      // Sent together, so that the server goes on to the statement by itself once the barrier is gone.
      const answers = statements.map((statement, index) => {
        const client = this.clients[index] as postgres.Sql;
        const passed = client.unsafe(`select pg_advisory_lock_shared(${gate})`).execute();
        const ask = () => client.unsafe<{ answer: Answer }[]>(statement).execute();
        // As core does; see repeatingRolledBack.
        const answer = ask().catch((error) => (lostToAnother.has(error.code) ? ask() : Promise.reject(error)));
        const left = client.unsafe('select pg_advisory_unlock_all()').execute();
        return Promise.all([answer, passed, left]).then(([rows]) => rows[0]?.answer as Answer);
      });
      await this.#arrivals(statements.length);
      await atTheGate();
      await keeper`select pg_advisory_unlock(${gate})`;
      return await Promise.all(answers);
    } finally {
      await keeper`select pg_advisory_unlock_all()`;
      keeper.release();
    }
  }

  async #arrivals(count: number): Promise<void> {
    for (;;) {
      const [row] = await this.#sql<{ waiting: number }[]>`
        select count(*)::integer as waiting from pg_locks
        where locktype = 'advisory' and objid = ${gate} and not granted
          and database = (select oid from pg_database where datname = current_database())`;
      if (row?.waiting === count) return;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.clients.map((client) => client.end({ timeout: 1 })));
  }
}

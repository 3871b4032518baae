import postgres from 'postgres';

/** One connection, as a client of postgres.js that has no other. */
interface Lane {
  sql: postgres.Sql;
  /** Queries under way. */
  busy: number;
}

/**
 * Connections of which the one used last is used next. Each holds its own plans, so a caller who comes alone always
 * meets a warm one, where a pool that takes turns would keep them all lukewarm. A further connection is opened only
 * when all are busy; when no more may be, queries queue on the least busy.
 */
export class Pool {
  readonly #open: () => postgres.Sql;
  readonly #size: number;
  readonly #lanes: Lane[] = [];
  readonly #idle: Lane[] = [];

  constructor(open: () => postgres.Sql, size: number) {
    this.#open = open;
    this.#size = size;
  }

  /**
   * Runs a query on one connection. When it takes too long it fails with what `expire` makes, and that connection is
   * closed: what runs on it must not share it with the next query.
   */
  run<Answer>(
    query: (sql: postgres.Sql) => PromiseLike<Answer>,
    { milliseconds, expire }: { milliseconds: number; expire: () => Error },
  ): Promise<Answer> {
    const lane = this.#take();
    lane.busy++;
    // By hand, and without `within` and `finally`, which make five promises of one: every call comes by here.
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#discard(lane);
        reject(expire());
      }, milliseconds);
      const end = () => {
        clearTimeout(timer);
        this.#giveBack(lane);
      };
      query(lane.sql).then(
        (answer) => {
          end();
          resolve(answer);
        },
        (error) => {
          end();
          // What no server has said, the connection has: the others that are idle have the same server behind them, and
          // each would fail the call that comes to it.
          if (!(error instanceof postgres.PostgresError)) for (const other of [...this.#idle]) this.#discard(other);
          reject(error);
        },
      );
    });
  }

  async end(): Promise<void> {
    await Promise.all(this.#lanes.splice(0).map(({ sql }) => sql.end({ timeout: 1 })));
  }

  #take(): Lane {
    const idle = this.#idle.pop();
    if (idle) return idle;
    if (this.#lanes.length < this.#size) {
      const lane = { sql: this.#open(), busy: 0 };
      this.#lanes.push(lane);
      return lane;
    }
    return this.#lanes.reduce((least, lane) => (lane.busy < least.busy ? lane : least));
  }

  #giveBack(lane: Lane): void {
    lane.busy--;
    if (lane.busy === 0 && this.#lanes.includes(lane)) this.#idle.push(lane);
  }

  #discard(lane: Lane): void {
    for (const list of [this.#lanes, this.#idle]) {
      const index = list.indexOf(lane);
      if (index >= 0) list.splice(index, 1);
    }
    lane.sql.end({ timeout: 0 }).catch(() => {});
  }
}

import postgres from 'postgres';

/** One connection, as a client of postgres.js that has no other. */
interface Lane {
  sql: postgres.Sql;
  /** Queries under way. */
  busy: number;
  /** When the first of them was sent or the last one was answered, on the monotonic clock. */
  since: number;
}

/** Milliseconds after which a query counts as slow: others are not sent behind it. */
const slowAfter = 50;

/**
 * Connections of which the one used last is used next. Each holds its own plans, so a caller who comes alone always
 * meets a warm one, where a pool that takes turns would keep them all lukewarm. A further connection is opened only
 * when all are busy. When no more may be, a query is sent behind those of the least busy one, so that the server need not
 * wait for it; but not behind a slow one: where all are slow, the first that is free takes the first in line.
 */
export class Pool {
  readonly #open: () => postgres.Sql;
  readonly #size: number;
  readonly #lanes: Lane[] = [];
  readonly #idle: Lane[] = [];
  readonly #line: ((lane: Lane) => void)[] = [];
  #hasEnded = false;

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
    // By hand, and without `within` and `finally`, which make five promises of one: every call comes by here.
    return new Promise((resolve, reject) => {
      if (this.#hasEnded) return reject(expire());
      let lane: Lane | undefined;
      let isOver = false;
      const giveUp = () => {
        if (isOver) return;
        if (lane) this.#discard(lane);
        else this.#line.splice(this.#line.indexOf(begin), 1);
        reject(expire());
      };
      // Not before what has come meanwhile is read: when the process stood still, that may be the answer.
      const timer = setTimeout(() => setImmediate(giveUp), milliseconds);
      const end = (taken: Lane) => {
        isOver = true;
        clearTimeout(timer);
        this.#giveBack(taken);
      };
      const begin = (taken: Lane) => {
        lane = taken;
        if (taken.busy++ === 0) taken.since = performance.now();
        query(taken.sql).then(
          (answer) => {
            end(taken);
            resolve(answer);
          },
          (error) => {
            end(taken);
            // What no server has said, the connection has: the others that are idle have the same server behind them,
            // and each would fail the call that comes to it.
            if (!(error instanceof postgres.PostgresError)) for (const other of [...this.#idle]) this.#discard(other);
            reject(error);
          },
        );
      };
      const free = this.#take();
      if (free) begin(free);
      else this.#line.push(begin);
    });
  }

  /** Closes all connections. What comes later fails at once: nobody would close what it opens. */
  async end(): Promise<void> {
    this.#hasEnded = true;
    await Promise.all(this.#lanes.splice(0).map(({ sql }) => sql.end({ timeout: 1 })));
  }

  #take(): Lane | undefined {
    const idle = this.#idle.pop();
    if (idle) return idle;
    if (this.#lanes.length < this.#size) return this.#openLane();
    const now = performance.now();
    let least: Lane | undefined;
    for (const lane of this.#lanes) {
      if (now - lane.since < slowAfter && lane.busy < (least?.busy ?? Number.POSITIVE_INFINITY)) least = lane;
    }
    return least;
  }

  #openLane(): Lane {
    const lane = { sql: this.#open(), busy: 0, since: 0 };
    this.#lanes.push(lane);
    return lane;
  }

  #giveBack(lane: Lane): void {
    lane.busy--;
    lane.since = performance.now();
    if (!this.#lanes.includes(lane)) return;
    const next = this.#line.shift();
    if (next) next(lane);
    else if (lane.busy === 0) this.#idle.push(lane);
  }

  #discard(lane: Lane): void {
    for (const list of [this.#lanes, this.#idle]) {
      const index = list.indexOf(lane);
      if (index >= 0) list.splice(index, 1);
    }
    lane.sql.end({ timeout: 0 }).catch(() => {});
    if (!this.#hasEnded && this.#lanes.length < this.#size) this.#line.shift()?.(this.#openLane());
  }
}

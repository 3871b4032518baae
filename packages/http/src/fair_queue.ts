/** Requests of one owner that begin in one round of the event loop, and milliseconds after which no further one does. */
const [mostBegun, longest] = [4, 5];

/** What an owner has begun in this round. */
interface Begun {
  count: number;
  milliseconds: number;
}

/**
 * Whose request begins next. What belongs to a request is done in many rounds, in each of which hundreds of another key
 * might begin, so each owner has so many a round, and the rest of his wait in line.
 */
export class FairQueue {
  readonly #begun = new Map<string, Begun>();
  readonly #lines = new Map<string, (() => void)[]>();
  #isAnnounced = false;

  /** Does an owner's work when it is his turn: at once, unless he has begun much in this round. */
  run<Result>(owner: string, work: () => Promise<Result>): Promise<Result> {
    this.#announce();
    if (!this.#hadEnough(owner)) return this.#begin(owner, work);
    return new Promise((resolve, reject) => {
      const begin = () => void this.#begin(owner, work).then(resolve, reject);
      const line = this.#lines.get(owner);
      if (line) line.push(begin);
      else this.#lines.set(owner, [begin]);
    });
  }

  #hadEnough(owner: string): boolean {
    const { count, milliseconds } = this.#begun.get(owner) ?? { count: 0, milliseconds: 0 };
    return this.#lines.has(owner) || count >= mostBegun || milliseconds >= longest;
  }

  /** Counts what is done before the work waits for something the first time. */
  async #begin<Result>(owner: string, work: () => Promise<Result>): Promise<Result> {
    const began = performance.now();
    const done = work();
    const { count, milliseconds } = this.#begun.get(owner) ?? { count: 0, milliseconds: 0 };
    this.#begun.set(owner, { count: count + 1, milliseconds: milliseconds + performance.now() - began });
    return done;
  }

  #announce(): void {
    if (this.#isAnnounced) return;
    this.#isAnnounced = true;
    setImmediate(() => this.#give());
  }

  #give(): void {
    this.#isAnnounced = false;
    this.#begun.clear();
    const lines = [...this.#lines];
    this.#lines.clear();
    for (const [owner, line] of lines) {
      while (line.length > 0 && !this.#hadEnough(owner)) line.shift()?.();
      if (line.length > 0) this.#lines.set(owner, line);
    }
    if (this.#begun.size > 0) this.#announce();
  }
}

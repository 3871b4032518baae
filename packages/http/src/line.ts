/** Requests of one address that wait for their turn at most. */
const longest = 50;

/** A line for each address: one has its turn, the others wait, and who comes when it is full is sent away. */
export class Line {
  readonly #waiting = new Map<string, (() => void)[]>();

  /** The turn, once it has come; undefined when the line is full. */
  join(address: string): Promise<Disposable> | undefined {
    const others = this.#waiting.get(address);
    if (!others) {
      this.#waiting.set(address, []);
      return Promise.resolve(this.#turnOf(address));
    }
    if (others.length >= longest) return undefined;
    return new Promise((resolve) => others.push(() => resolve(this.#turnOf(address))));
  }

  #turnOf(address: string): Disposable {
    return {
      [Symbol.dispose]: () => {
        const next = this.#waiting.get(address)?.shift();
        if (next) next();
        else this.#waiting.delete(address);
      },
    };
  }
}

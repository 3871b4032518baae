/**
 * Milliseconds between two messages, and between those that follow each other without a pause: a NOTIFY serialises with
 * the commits of all and wakes everybody who listens, so few of them must do.
 */
const [interval, busyInterval] = [5, 10];

/** Milliseconds that `close` waits for the last message. */
const closeLimit = 500;

/**
 * Tells other processes which projects have changed: at once when it has been quiet, else with the next message. It
 * never throws, because whoever waits also asks by itself.
 */
export class Notifier {
  readonly #send: (changes: ReadonlyMap<number, boolean>) => Promise<unknown>;
  #dirty = new Map<number, boolean>();
  #sending: Promise<void> | undefined;
  #closed = false;

  /** `send` is given projects, each with whether somebody may go on there. */
  constructor(send: (changes: ReadonlyMap<number, boolean>) => Promise<unknown>) {
    this.#send = send;
  }

  /** Marks the project; costs its caller nothing. */
  mark(project: number, wakes: boolean): void {
    if (this.#closed) return;
    this.#dirty.set(project, wakes || this.#dirty.get(project) === true);
    this.#sending ??= this.#run();
  }

  /** Sends what is marked still, and nothing afterwards. */
  async close(): Promise<void> {
    this.#closed = true;
    const limit = new Promise<void>((resolve) => setTimeout(resolve, closeLimit).unref());
    await Promise.race([this.#sending, limit]);
    this.#dirty.clear();
  }

  async #run(): Promise<void> {
    // Behind the answer of the call that marked it.
    await new Promise((resolve) => setImmediate(resolve));
    for (let wait = interval; this.#dirty.size > 0; wait = busyInterval) {
      const changes = this.#dirty;
      this.#dirty = new Map();
      await this.#send(changes).catch(() => {});
      if (!this.#closed) await new Promise((resolve) => setTimeout(resolve, wait).unref());
    }
    this.#sending = undefined;
  }
}

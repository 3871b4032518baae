/**
 * Milliseconds by which those in a queue ask one after the other. What has come free is for the first, whose call would
 * have to wait for the calls of all others.
 */
const stagger = 30;

/** The longest of these delays: who stands before may be gone. */
const maxDelay = 500;

/** One call that waits. It asks, sleeps until it is rung or its time has come, and asks again. */
export class Waiter {
  /** True when any change rings it; else only those that may let somebody go on. */
  readonly follows: boolean;
  readonly #gap: () => number;
  #rung = false;
  #askedAt = 0;
  #ahead = 0;
  #wake: (() => void) | undefined;

  /** `gap`: the fewest milliseconds between two asks. */
  constructor(gap: () => number, follows: boolean) {
    this.#gap = gap;
    this.follows = follows;
  }

  /** Notes the time of an ask; what rings from here on may not be in its answer. */
  asks(): void {
    this.#rung = false;
    this.#askedAt = performance.now();
  }

  /** Notes how many stand before it. Each ring may let one of them go. */
  queues(ahead: number): void {
    this.#ahead = ahead;
  }

  /** Something has changed: ask again. */
  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Resolves after some milliseconds, or soon after `ring`, or when the signal aborts. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        this.#wake = undefined;
        resolve();
      };
      let timer = setTimeout(end, milliseconds);
      let due = performance.now() + milliseconds;
      this.#wake = () => {
        const at = this.#rungAt();
        if (at >= due) return;
        due = at;
        clearTimeout(timer);
        if (at <= performance.now()) end();
        else timer = setTimeout(end, at - performance.now());
      };
      signal.addEventListener('abort', end, { once: true });
      if (signal.aborted) end();
      else if (this.#rung) this.#wake();
    });
  }

  /** When to ask after a ring. */
  #rungAt(): number {
    const delay = Math.min(this.#ahead * stagger, maxDelay);
    this.#ahead = Math.max(0, this.#ahead - 1);
    return Math.max(performance.now() + delay, this.#askedAt + this.#gap());
  }
}

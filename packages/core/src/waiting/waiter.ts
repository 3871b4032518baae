/**
 * Milliseconds by which those in a queue ask one after the other. What has come free is for the first, whose call would
 * have to wait for theirs otherwise; the others only learn that they have moved up.
 */
const stagger = 15;

/** The longest of these delays: somebody before may be gone. */
const maxDelay = 250;

/** One call that waits. It asks, sleeps until it is rung or its time has come, and asks again. */
export class Waiter {
  readonly #gap: () => number;
  #rung = false;
  #askedAt = 0;
  #ahead = 0;
  #wake: (() => void) | undefined;

  /** `gap`: the fewest milliseconds between two asks. */
  constructor(gap: () => number) {
    this.#gap = gap;
  }

  /** Notes the time of an ask; what rings from here on may not be in its answer. */
  asks(): void {
    this.#rung = false;
    this.#askedAt = performance.now();
  }

  /** Notes how many stand before it. */
  queues(ahead: number): void {
    this.#ahead = ahead;
  }

  /** Something has changed: ask again. */
  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Resolves after some milliseconds, or soon after `ring`, or when the signal aborts. */
  sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', end);
        this.#wake = undefined;
        resolve();
      };
      let timer = setTimeout(end, milliseconds);
      this.#wake = () => {
        const pause = Math.max(
          this.#askedAt + this.#gap() - performance.now(),
          Math.min(this.#ahead * stagger, maxDelay),
        );
        if (pause <= 0) return end();
        clearTimeout(timer);
        timer = setTimeout(end, Math.min(pause, milliseconds));
        this.#wake = undefined;
      };
      signal?.addEventListener('abort', end, { once: true });
      if (signal?.aborted) end();
      else if (this.#rung) this.#wake();
    });
  }
}

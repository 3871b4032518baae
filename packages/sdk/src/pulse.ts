import { after } from './timer.ts';

/** Milliseconds between two heartbeats: four fit into the 60 s after which a session lapses. */
const beatInterval = 15_000;

/**
 * Beats while somebody calls. Without a real call for `idleLimitSeconds` it stops, so that a forgotten process lets go
 * of what it holds; `touch` starts it again.
 */
export class Pulse {
  readonly #beat: () => Promise<unknown>;
  readonly #idleLimit: number;
  #touchedAt = 0;
  #cancel: (() => void) | undefined;

  constructor(beat: () => Promise<unknown>, idleLimitSeconds: number) {
    this.#beat = beat;
    this.#idleLimit = idleLimitSeconds * 1000;
  }

  /** Notes a real call. */
  touch(): void {
    this.#touchedAt = performance.now();
    this.#cancel ??= after(beatInterval, () => void this.#next());
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  async #next(): Promise<void> {
    const cancel = this.#cancel;
    if (performance.now() - this.#touchedAt >= this.#idleLimit) return this.stop();
    await this.#beat();
    if (this.#cancel === cancel) this.#cancel = after(beatInterval, () => void this.#next());
  }
}

import type { CoordinationEvent, Coordinator, EventInput } from '@agentcoord/contract';

/** Somebody who takes events in the background until he is stopped. */
export class Reader implements AsyncDisposable {
  readonly seen: CoordinationEvent[] = [];
  readonly #stop = new AbortController();
  /** What it ended with. */
  readonly done: Promise<unknown>;

  constructor(coordinator: Coordinator, input?: EventInput) {
    this.done = this.#read(coordinator, input).catch((error: unknown) => error);
  }

  /** Begins, and resolves once what happens from then on is seen. */
  static async of(coordinator: Coordinator, input?: EventInput): Promise<Reader> {
    const { cursor } = await coordinator.listEvents({ after: 'now' });
    return new Reader(coordinator, { after: cursor, ...input });
  }

  get subjects(): string[] {
    return this.seen.flatMap(({ subjects }) => subjects);
  }

  /** Ends it, and answers what it ended with. */
  async stop(): Promise<unknown> {
    this.#stop.abort(new Error('stopped'));
    return this.done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #read(coordinator: Coordinator, input?: EventInput): Promise<void> {
    for await (const event of coordinator.events(input, { signal: this.#stop.signal })) this.seen.push(event);
  }
}

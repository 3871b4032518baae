import { randomBytes } from 'node:crypto';
import { Notifier } from './notifier.ts';
import { Turns } from './turns.ts';
import { Waiter } from './waiter.ts';

/** How the processes on one database reach each other. */
export interface Channel {
  /** Sends the messages, all in one round trip. */
  notify(messages: string[]): Promise<unknown>;
  /**
   * Hears the messages of all until the returned function is called, whatever happens to the connection. `onOpen` is
   * called whenever it begins to hear, so that what was said before can be made up for. Left out where nothing can be
   * heard, as behind a transaction pooler.
   */
  listen?(onMessage: (message: string) => void, onOpen: () => void): () => Promise<void>;
}

/** Milliseconds for which the channel stays open after the last waiter, because the next one often follows. */
const lingerFor = 3000;

/** Waiters of one process at most. Those who come on top are answered at once. */
const maxWaiters = 2000;

/**
 * Wakes the calls of this process that wait: directly after a write of this process, and through the channel after
 * those of others. A busy project must not make all its waiters ask without end, so that each has a pause between two
 * asks, and all of them together take a few turns at a time.
 */
export class Wakeups {
  readonly turns: Turns;
  readonly #channel: Channel | undefined;
  readonly #notifier: Notifier | undefined;
  readonly #waiters = new Map<number, Set<Waiter>>();
  /** Marks our own messages, which have woken our waiters before they were sent. */
  readonly #sender = randomBytes(4).toString('hex');
  #count = 0;
  #hears = false;
  #closed = false;
  #stopListening: (() => Promise<void>) | undefined;
  #linger: NodeJS.Timeout | undefined;

  /** `atOnce`: how many waiters may ask at the same time. */
  constructor(atOnce: number, channel?: Channel) {
    this.turns = new Turns(atOnce);
    this.#channel = channel;
    this.#notifier =
      channel && new Notifier((projects) => channel.notify(projects.map((id) => `${id} ${this.#sender}`)));
  }

  /** Milliseconds until a waiter should ask without having been woken. */
  get pollInterval(): number {
    return this.#hears ? 750 + Math.random() * 500 : 250 + Math.random() * 250;
  }

  /** True when no more can wait. */
  get isFull(): boolean {
    return this.#count >= maxWaiters;
  }

  /** Something has changed in the project that others may wait for. Returns at once, and never throws. */
  announce(project: number): void {
    this.#ring(project);
    this.#notifier?.mark(project);
  }

  /** Adds a waiter, before it asks: what changes meanwhile is not missed. */
  enter(project: number): Waiter {
    const waiter = new Waiter(() => Math.max(10, this.#count * 2));
    const others = this.#waiters.get(project);
    if (others) others.add(waiter);
    else this.#waiters.set(project, new Set([waiter]));
    this.#count++;
    return waiter;
  }

  leave(project: number, waiter: Waiter): void {
    const others = this.#waiters.get(project);
    if (!others?.delete(waiter)) return;
    if (others.size === 0) this.#waiters.delete(project);
    if (--this.#count > 0 || !this.#stopListening) return;
    clearTimeout(this.#linger);
    this.#linger = setTimeout(() => {
      if (this.#count === 0) void this.#closeChannel();
    }, lingerFor).unref();
  }

  /** Opens the channel unless it is open; called when somebody is about to sleep. */
  listen(): void {
    clearTimeout(this.#linger);
    if (this.#closed) return;
    this.#stopListening ??= this.#channel?.listen?.(
      (message) => this.#hear(message),
      () => {
        this.#hears = true;
        for (const project of this.#waiters.keys()) this.#ring(project);
      },
    );
  }

  /** Sends what others must know still, and hears no more. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#linger);
    await Promise.all([this.#notifier?.close(), this.#closeChannel()]);
  }

  #hear(message: string): void {
    const [project, sender] = message.split(' ');
    if (sender !== this.#sender) this.#ring(Number(project));
  }

  /** In the order in which they came. */
  #ring(project: number): void {
    for (const waiter of this.#waiters.get(project) ?? []) waiter.ring();
  }

  async #closeChannel(): Promise<void> {
    const stop = this.#stopListening;
    this.#stopListening = undefined;
    this.#hears = false;
    await stop?.().catch(() => {});
  }
}

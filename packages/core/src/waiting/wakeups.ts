import { randomBytes } from 'node:crypto';
import { Notifier } from './notifier.ts';
import { Turns } from './turns.ts';
import { Waiter } from './waiter.ts';

/** Hears that a project has changed; undefined: any of them may have. Must not throw. */
export type Follower = (project: number | undefined) => void;

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

/** Says in a message that nobody can go on: the project has changed, and that is all. */
const onlyChanged = 'changed';

/**
 * Wakes the calls of this process that wait, and tells those who follow what happens: directly after a write of this process, and through the channel after
 * those of others. A busy project must not make all its waiters ask without end, so that each has a pause between two
 * asks, and all of them together take a few turns at a time.
 */
export class Wakeups {
  readonly turns: Turns;
  readonly #channel: Channel | undefined;
  readonly #notifier: Notifier | undefined;
  readonly #waiters = new Map<number, Set<Waiter>>();
  readonly #followers = new Set<Follower>();
  /** Marks our own messages, which have woken our waiters before they were sent. */
  readonly #sender = randomBytes(4).toString('hex');
  #count = 0;
  #hears = false;
  #closed = false;
  #stopListening: (() => Promise<void>) | undefined;
  #lingering: NodeJS.Timeout | undefined;

  /** `atOnce`: how many waiters may ask at the same time. */
  constructor(atOnce: number, channel?: Channel) {
    this.turns = new Turns(atOnce);
    this.#channel = channel;
    this.#notifier =
      channel && new Notifier((changes) => channel.notify(Array.from(changes, (change) => this.#messageOf(...change))));
  }

  /** Milliseconds until a waiter or a follower should ask without having been woken. */
  get pollInterval(): number {
    return this.#hears ? 750 + Math.random() * 500 : 250 + Math.random() * 250;
  }

  /** True when no more can wait. */
  get isFull(): boolean {
    return this.#count >= maxWaiters;
  }

  /** The project has changed; `wakes`: others may wait for just that. Returns at once, and never throws. */
  announce(project: number, wakes: boolean): void {
    this.#ring(project, wakes);
    this.#notifier?.mark(project, wakes);
  }

  /** Has `follower` told of every change until the returned function is called. */
  follow(follower: Follower): () => void {
    this.#followers.add(follower);
    this.listen();
    return () => {
      if (this.#followers.delete(follower)) this.#linger();
    };
  }

  /** Adds a waiter, before it asks: what changes meanwhile is not missed. */
  enter(project: number, follows: boolean): Waiter {
    const waiter = new Waiter(() => Math.max(10, this.#count * 2), follows);
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
    this.#count--;
    this.#linger();
  }

  /** Opens the channel unless it is open; called when somebody is about to sleep. */
  listen(): void {
    clearTimeout(this.#lingering);
    if (this.#closed) return;
    this.#stopListening ??= this.#channel?.listen?.(
      (message) => this.#hear(message),
      () => {
        this.#hears = true;
        for (const waiters of this.#waiters.values()) for (const waiter of waiters) waiter.ring();
        this.#tell(undefined);
      },
    );
  }

  /** Sends what others must know still, and hears no more. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#lingering);
    await Promise.all([this.#notifier?.close(), this.#closeChannel()]);
  }

  /** Closes the channel once it has not been needed for a while. */
  #linger(): void {
    const isNeeded = () => this.#count > 0 || this.#followers.size > 0;
    if (isNeeded() || !this.#stopListening) return;
    clearTimeout(this.#lingering);
    this.#lingering = setTimeout(() => {
      if (!isNeeded()) void this.#closeChannel();
    }, lingerFor).unref();
  }

  #messageOf(project: number, wakes: boolean): string {
    return `${project} ${this.#sender}${wakes ? '' : ` ${onlyChanged}`}`;
  }

  #hear(message: string): void {
    const [project, sender, kind] = message.split(' ');
    if (sender !== this.#sender) this.#ring(Number(project), kind !== onlyChanged);
  }

  /** In the order in which they came. */
  #ring(project: number, wakes: boolean): void {
    for (const waiter of this.#waiters.get(project) ?? []) if (wakes || waiter.follows) waiter.ring();
    this.#tell(project);
  }

  #tell(project: number | undefined): void {
    for (const follower of this.#followers) follower(project);
  }

  async #closeChannel(): Promise<void> {
    const stop = this.#stopListening;
    this.#stopListening = undefined;
    this.#hears = false;
    await stop?.().catch(() => {});
  }
}

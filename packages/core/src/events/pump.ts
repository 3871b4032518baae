import { type CoordinationEvent, isRetryable } from '@agentcoord/contract';
import type { Database } from '../database.ts';
import type { EventFilter } from './filter.ts';
import { Item, type Reader, Subscription } from './subscription.ts';

/** Most events of a project that are read at once. */
const pageSize = 1000;

/**
 * Milliseconds between two reads at least, and when many events came with the last one: what happens meanwhile comes
 * with the next, and there is no need to be told of it. An event beside 32 writers then takes 15 ms in the median; with 5
 * it would take 7, but each read takes from the writers as much as a hundred events do.
 */
const [gap, busyGap] = [10, 18];
const manyEvents = 50;

/** Milliseconds after which to look again for what is kept back: so many at first, doubled each time up to the last. */
const [firstLook, lastLook] = [3, 250];

/** Looks after which transactions of other databases are told apart, which costs more. */
const patientLooks = 4;

/** Seconds from which on subscribers are told that newer events are kept back. */
const noticeable = 2;

/** A project that somebody follows. */
interface Followed {
  readonly subscriptions: Set<Subscription>;
  cursor: string;
  /** When to read it next, on the monotonic clock. */
  dueAt: number;
  /** Reads in a row that found events which are kept back, and nothing else. */
  looks: number;
}

interface Answer {
  project_id: number;
  events: CoordinationEvent[];
  /** There are further events already. */
  more: boolean;
  delay_seconds: number | null;
}

/**
 * Follows the journal for all subscribers of this process: one read serves everybody. It reads when the process or
 * another one says that a project has changed, besides about once a second, and not at all while nobody subscribes.
 */
export class Pump {
  readonly #database: Database;
  readonly #projects = new Map<number, Followed>();
  #running = false;
  #isBusy = false;
  #wake: (() => void) | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Subscribes to what comes after the cursor. `start` is how far others have been served already: up to there the
   * subscriber has to read by itself.
   */
  join(
    project: number,
    cursor: string,
    filter: EventFilter,
    reader: Reader = {},
  ): { subscription: Subscription; start: string } {
    const followed = this.#projects.get(project) ?? { subscriptions: new Set(), cursor, dueAt: 0, looks: 0 };
    this.#projects.set(project, followed);
    const subscription = new Subscription(filter, cursor, reader);
    followed.subscriptions.add(subscription);
    if (this.#running) this.#wake?.();
    else void this.#run();
    return { subscription, start: followed.cursor };
  }

  leave(project: number, subscription: Subscription): void {
    subscription.close();
    const followed = this.#projects.get(project);
    followed?.subscriptions.delete(subscription);
    if (followed?.subscriptions.size === 0) this.#projects.delete(project);
    if (this.#projects.size === 0) this.#wake?.();
  }

  async #run(): Promise<void> {
    this.#running = true;
    const unfollow = this.#database.wakeups?.follow((project) => this.#changed(project));
    while (this.#projects.size > 0) {
      await this.#sleep();
      const due = [...this.#projects].filter(([, { dueAt }]) => dueAt <= performance.now());
      if (due.length > 0) await this.#read(new Map(due));
    }
    unfollow?.();
    this.#running = false;
  }

  #changed(project: number | undefined): void {
    const changed = project === undefined ? [...this.#projects.values()] : [this.#projects.get(project)];
    for (const followed of changed) if (followed) followed.dueAt = 0;
    if (changed[0]) this.#wake?.();
  }

  /** Until something is due, and a moment longer for what comes with it. */
  async #sleep(): Promise<void> {
    const begun = performance.now();
    for (let left = this.#left(); left > 0; left = this.#left()) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      if (this.#projects.size === 0) return;
    }
    this.#wake = undefined;
    const rest = (this.#isBusy ? busyGap : gap) - (performance.now() - begun);
    if (rest > 1) await new Promise((resolve) => setTimeout(resolve, rest));
  }

  #left(): number {
    return Math.min(...Array.from(this.#projects.values(), ({ dueAt }) => dueAt)) - performance.now();
  }

  async #read(due: ReadonlyMap<number, Followed>): Promise<void> {
    const pollAt = performance.now() + (this.#database.wakeups?.pollInterval ?? 1000);
    for (const followed of due.values()) followed.dueAt = pollAt;
    const cursors = Object.fromEntries(Array.from(due, ([project, { cursor }]) => [project, cursor]));
    const closely = Array.from(due.values()).some(({ looks }) => looks >= patientLooks);
    try {
      const args = { p_cursors: cursors, p_limit: pageSize, p_closely: closely };
      const answers = (await this.#database.call('follow_events', args)) as Answer[];
      this.#isBusy = answers.some(({ events }) => events.length >= manyEvents);
      const told = new Map(answers.map((answer) => [answer.project_id, answer]));
      for (const [project, followed] of due) serve(followed, told.get(project));
    } catch (error) {
      // While the database is away it is asked again with the next poll, from where it was.
      if (isRetryable(error)) return;
      for (const { subscriptions } of due.values()) for (const subscription of subscriptions) subscription.fail(error);
    }
  }
}

function serve(followed: Followed, { events, more, delay_seconds }: Omit<Answer, 'project_id'> = nothing): void {
  const kept = delay_seconds !== null;
  followed.looks = kept && events.length === 0 ? followed.looks + 1 : 0;
  if (more || events.length >= manyEvents) followed.dueAt = 0;
  else if (kept) {
    const look = Math.min(firstLook * 2 ** followed.looks, lastLook);
    followed.dueAt = Math.min(followed.dueAt, performance.now() + look);
  }
  const items = events.map((event) => new Item(event));
  followed.cursor = events.at(-1)?.cursor ?? followed.cursor;
  const doubtful = events.some(changesRights);
  const ended = events.filter(endsSession).map(({ subjects: [subject] }) => subject);
  for (const subscription of followed.subscriptions) {
    if (items.length > 0) subscription.offer(items, followed.cursor);
    if (doubtful || ended.includes(`session:${subscription.session}`)) subscription.doubt();
    subscription.delay(kept && delay_seconds >= noticeable ? delay_seconds : undefined);
  }
}

/** Profiles and suspensions are about agents, and may be about a reader. */
function changesRights({ outcome, subjects: [subject = ''] }: CoordinationEvent): boolean {
  return outcome === 'ok' && (subject.startsWith('profile:') || subject.startsWith('agent:'));
}

function endsSession({ operation, subjects: [subject = ''] }: CoordinationEvent): boolean {
  return subject.startsWith('session:') && (operation === 'end_session' || operation === 'sweep');
}

const nothing = { events: [], more: false, delay_seconds: null };

const pumps = new WeakMap<Database, Pump>();

/** The pump of a database; it rests while nobody subscribes. */
export function pumpOf(database: Database): Pump {
  const known = pumps.get(database) ?? new Pump(database);
  pumps.set(database, known);
  return known;
}

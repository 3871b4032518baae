import { CoordinationError, type CoordinationEvent, type EventPage } from '@agentcoord/contract';
import { precedes } from './cursor.ts';
import { type EventFilter, isWanted } from './filter.ts';

/** An event as it goes to many. Its text is made when somebody wants it, once for all. */
export class Item {
  readonly event: CoordinationEvent;
  #text: string | undefined;

  constructor(event: CoordinationEvent) {
    this.event = event;
  }

  /** The event as JSON. */
  get text(): string {
    this.#text ??= JSON.stringify(this.event);
    return this.#text;
  }
}

/** Some events for one subscriber. */
export class ItemPage implements EventPage {
  readonly items: readonly Item[];
  /** Where to go on. */
  readonly cursor: string;
  /** Seconds for which newer events have been kept back, when that is noticeable. */
  readonly delay_seconds: number | undefined;

  constructor(items: readonly Item[], cursor: string, delaySeconds?: number) {
    this.items = items;
    this.cursor = cursor;
    this.delay_seconds = delaySeconds;
  }

  get events(): CoordinationEvent[] {
    return eventsOf(this.items);
  }
}

/** A list that many subscribers share is taken apart once. */
function eventsOf(items: readonly Item[]): CoordinationEvent[] {
  if (taken?.items !== items) taken = { items, events: items.map(({ event }) => event) };
  return taken.events;
}

/** The last list: those who share one take it one after the other. */
let taken: { items: readonly Item[]; events: CoordinationEvent[] } | undefined;

/** Milliseconds without an event after which a subscriber is told how far he is, so that he does not fall behind. */
const quietFor = 15_000;

/** What may wait for one subscriber at most. */
const [mostItems, mostCharacters] = [2000, 2_000_000];

/** Up to so many are no sign of somebody who does not take them. */
const fewItems = 300;

/** Who reads a stream. */
export interface Reader {
  /** The id of the session that it was opened with, whose end is its end. */
  session?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** What one subscriber has not taken yet. Who does not take it in time is dropped, and told from where to go on. */
export class Subscription {
  readonly #filter: EventFilter;
  readonly #wantsAll: boolean;
  #items: readonly Item[] = [];
  /** Characters of so many of them. */
  #characters = 0;
  #counted = 0;
  /** Everything up to here was taken. */
  #taken: string;
  /** Everything up to here was offered. */
  #offered: string;
  #doubtful = false;
  #delay: number | undefined;
  #told: number | undefined;
  #failure: unknown;
  readonly session: string | undefined;
  readonly #signal: AbortSignal | undefined;
  /** One timer and one listener for all pages: with fifty subscribers, new ones for each page were a tenth of the cost. */
  readonly #quiet: NodeJS.Timeout;
  readonly #wake = () => this.#changed?.();
  #changed: (() => void) | undefined;

  constructor(filter: EventFilter, cursor: string, { session, signal }: Reader = {}) {
    this.#filter = filter;
    this.session = session;
    this.#signal = signal;
    this.#quiet = setTimeout(this.#wake, quietFor);
    signal?.addEventListener('abort', this.#wake);
    this.#wantsAll = Object.values(filter).every((value) => value === undefined);
    this.#taken = cursor;
    this.#offered = cursor;
  }

  /** Called with what has happened, and how far that goes. What lies before its begin is passed over. */
  offer(items: readonly Item[], cursor: string): void {
    const isNew = items[0] !== undefined && precedes(this.#offered, items[0].event.cursor);
    if (this.#failure || !(isNew || precedes(this.#offered, cursor))) return;
    const unseen = isNew ? items : items.filter(({ event }) => precedes(this.#offered, event.cursor));
    const wanted = this.#wantsAll ? unseen : unseen.filter(({ event }) => isWanted(event, this.#filter));
    // Whoever wants all of it shares one list with all others who do.
    this.#items = this.#items.length === 0 ? wanted : [...this.#items, ...wanted];
    this.#offered = cursor;
    if (this.#isOverfull()) this.fail(tooSlow(this.#taken));
    else if (this.#items.length > 0) this.#wake();
    else this.#taken = cursor;
  }

  /** The subscriber has read up to there by itself. */
  skip(cursor: string): void {
    this.#items = this.#items.filter(({ event }) => precedes(cursor, event.cursor));
    this.#counted = 0;
    this.#characters = 0;
    if (precedes(this.#offered, cursor)) this.#offered = cursor;
    this.#taken = cursor;
  }

  /** Called when newer events are kept back, with the seconds; undefined when they are not. */
  delay(seconds: number | undefined): void {
    this.#delay = seconds;
    if (this.#delay !== this.#told) this.#wake();
  }

  /** Ends it; what was not taken is let go. */
  fail(failure: unknown): void {
    this.#failure ??= failure;
    this.#items = [];
    this.#wake();
  }

  /** Nobody takes anything any more. */
  close(): void {
    clearTimeout(this.#quiet);
    this.#signal?.removeEventListener('abort', this.#wake);
  }

  /** Called when something has happened that may have changed who may read on. */
  doubt(): void {
    this.#doubtful = true;
    this.#wake();
  }

  /** True once after that. */
  takeDoubt(): boolean {
    const doubtful = this.#doubtful;
    this.#doubtful = false;
    return doubtful;
  }

  /** Everything up to here was taken. */
  get cursor(): string {
    return this.#taken;
  }

  /** What has come since the last time, or nothing after 15 s; undefined once its signal has aborted. */
  async next(): Promise<ItemPage | undefined> {
    const isQuiet = this.#items.length === 0 && this.#delay === this.#told && !this.#failure && !this.#doubtful;
    if (isQuiet && !this.#signal?.aborted) await this.#change();
    if (this.#signal?.aborted) return undefined;
    if (this.#failure) throw this.#failure;
    const items = this.#items;
    this.#items = [];
    this.#counted = 0;
    this.#characters = 0;
    this.#taken = this.#offered;
    this.#told = this.#delay;
    return new ItemPage(items, this.#taken, this.#delay);
  }

  /** Only what is left lying is counted: to make a text of each event would cost those who take them at once. */
  #isOverfull(): boolean {
    if (this.#counted > 0 || this.#items.length > fewItems) {
      for (const { text } of this.#items.slice(this.#counted)) this.#characters += text.length;
      this.#counted = this.#items.length;
    }
    return this.#items.length > mostItems || this.#characters > mostCharacters;
  }

  #change(): Promise<void> {
    this.#quiet.refresh();
    return new Promise((resolve) => {
      this.#changed = resolve;
    });
  }
}

function tooSlow(cursor: string): CoordinationError {
  return new CoordinationError({
    code: 'limit_exceeded',
    message: 'Events were not taken as fast as they came.',
    hint: `Read on after ${cursor}: nothing is lost. Filter, or take them faster.`,
    details: { reason: 'too_slow', cursor },
  });
}

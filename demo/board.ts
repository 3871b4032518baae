import { type Member, members } from './crew.ts';
import type { Event } from './events.ts';

/** What is known of one agent. */
export interface Row extends Member {
  task: number | undefined;
  doing: string;
  done: number[];
  killed: boolean;
  /** Messages it wrote and read. */
  wrote: number;
  read: number;
}

/** Listens to all agents; the table shows it, the summary counts it. */
export class Board {
  readonly rows: readonly Row[] = members.map((member) => ({
    ...member,
    task: undefined,
    doing: 'starts',
    done: [],
    killed: false,
    wrote: 0,
    read: 0,
  }));
  /** Times an agent had to wait for a lock, and how often it was refused meanwhile. */
  waits = 0;
  refusals = 0;
  waitedMilliseconds = 0;
  readonly setbacks: string[] = [];
  /** Who asked for approval of which task, and who gave it. */
  readonly approvals: { agent: string; task: number; by: string }[] = [];
  /** What one session left for the next, and whether that one read it. */
  readonly handoffs: { agent: string; summary: string; was_read: boolean }[] = [];
  readonly #waitingSince = new Map<string, number>();
  /** Tells in a sentence of what changes the state of the work. */
  readonly announce: (news: string) => void;

  constructor(announce: (news: string) => void) {
    this.announce = announce;
  }

  /** Tasks reported as done, as often as they were. */
  get done(): number[] {
    return this.rows.flatMap(({ done }) => done);
  }

  /** Notes what the agent says. */
  hear(name: string, event: Event): void {
    const row = this.#rowOf(name);
    if (event.event === 'waiting') this.#startWaiting(name);
    else this.#stopWaiting(name);
    if (event.event === 'took') row.task = event.task;
    if (event.event === 'done') {
      row.done.push(event.task);
      this.announce(`${name} has done task ${event.task}`);
    }
    if (event.event === 'setback') this.#noteSetback(`${name} gave up task ${row.task}: ${event.message}`);
    this.#note(row, event);
    row.doing = wordsOf(event);
    if (['done', 'idle', 'setback'].includes(event.event)) row.task = undefined;
  }

  noteKilled(name: string): void {
    this.#stopWaiting(name);
    const row = this.#rowOf(name);
    Object.assign(row, { killed: true, doing: 'killed with SIGKILL' });
    this.announce(`${name} was killed in the middle of task ${row.task}`);
  }

  noteLeft(name: string): void {
    const row = this.#rowOf(name);
    if (!row.killed) row.doing = 'has left';
  }

  /** What agents say to each other and to people. */
  #note(row: Row, event: Event): void {
    if (event.event === 'wrote') row.wrote++;
    if (event.event === 'read') row.read++;
    if (event.event === 'asking') this.announce(`${row.name} asks to commit task ${row.task}`);
    if (event.event === 'approved') {
      this.approvals.push({ agent: row.name, task: row.task ?? 0, by: event.by });
      this.announce(`${row.name} was allowed to commit task ${row.task}`);
    }
    if (event.event === 'handed_over') {
      this.handoffs.push({ agent: row.name, summary: event.summary, was_read: false });
      this.announce(`${row.name} leaves a handoff: ${event.summary}`);
    }
    if (event.event === 'took_over') {
      const handoff = this.handoffs.find(({ summary }) => summary === event.summary);
      if (handoff) handoff.was_read = true;
      this.announce(`${row.name} is back and has read the handoff of ${event.from}`);
    }
  }

  #rowOf(name: string): Row {
    const row = this.rows.find((candidate) => candidate.name === name);
    if (!row) throw new Error(`There is no agent ${name}.`);
    return row;
  }

  #noteSetback(setback: string): void {
    this.setbacks.push(setback);
    this.announce(setback);
  }

  #startWaiting(name: string): void {
    this.refusals++;
    if (this.#waitingSince.has(name)) return;
    this.waits++;
    this.#waitingSince.set(name, performance.now());
  }

  #stopWaiting(name: string): void {
    this.waitedMilliseconds += performance.now() - (this.#waitingSince.get(name) ?? performance.now());
    this.#waitingSince.delete(name);
  }
}

function wordsOf(event: Event): string {
  switch (event.event) {
    case 'took':
      return 'begins';
    case 'waiting':
      return `waits for ${event.holder} (${event.path})`;
    case 'editing':
      return `edits ${event.path}`;
    case 'committing':
      return 'commits';
    case 'wrote':
      return `tells ${event.to} that it waits`;
    case 'read':
      return `reads what ${event.from} wrote`;
    case 'asking':
      return 'waits for approval to commit';
    case 'approved':
      return `approved by ${event.by}`;
    case 'handed_over':
      return 'leaves a handoff';
    case 'took_over':
      return `reads the handoff of ${event.from}`;
    case 'setback':
      return `gave up: ${event.message}`;
    default:
      return 'looks for a task';
  }
}

import { setTimeout as pause } from 'node:timers/promises';
import { type Coordinator, coordinatorOver } from '@agentcoord/contract';
import type { Dice } from './dice.ts';
import { History } from './history.ts';
import type { Fate } from './roles/tasks.ts';
import type { Stage } from './stage.ts';

/** Milliseconds; where the database is away half of the time, eight at once may all be unlucky for long. */
const patience = 90_000;

/** Tasks that are left to do at most, when more are submitted. */
const mostOpen = 4000;

/** How many tasks have not ended. */
export async function openTasks({ sql, insist }: Stage): Promise<number> {
  const [row] = await insist(
    () =>
      sql<{ open: number }[]>`select count(*)::integer as open from coord.tasks
        where status in ('ready', 'blocked', 'claimed', 'scheduled')`,
  );
  return row?.open ?? 0;
}

/** Submits the tasks of a torture: some depend on others, some are poison; asks again while nobody answers. */
export class Submitter {
  readonly #stage: Stage;
  readonly #dice: Dice;
  readonly #coordinator: Coordinator;
  /** Those that will be done, if anything is right. */
  readonly #sound: string[] = [];
  submitted = 0;
  /** Set to submit no more. */
  stopped = false;
  /** Set to submit no more than so many. */
  enough = Number.POSITIVE_INFINITY;

  constructor(stage: Stage, dice: Dice, folder: string) {
    this.#stage = stage;
    this.#dice = dice;
    const { administrator } = stage;
    const invoke = (operation: { name: string }, input: unknown, options: unknown) =>
      (administrator as unknown as Record<string, (...call: unknown[]) => Promise<unknown>>)[
        methodOf(operation.name)
      ]?.(input, options);
    this.#coordinator = coordinatorOver(
      new History(folder, 'submitter').of({ invoke: async (...call) => invoke(...call) }),
    );
  }

  async submit(count: number): Promise<void> {
    for (let done = 0; done < count && !this.stopped && this.submitted < this.enough; done += 8) {
      if (done % 400 === 0) await this.#room();
      await Promise.all(Array.from({ length: Math.min(8, count - done) }, () => this.#submitOne()));
    }
  }

  /** Until the workers have caught up: what they are to be seen to survive is work, not a heap of it. */
  async #room(): Promise<void> {
    while (!this.stopped && this.submitted < this.enough && (await openTasks(this.#stage)) > mostOpen) await pause(250);
  }

  async #submitOne(): Promise<void> {
    const number = ++this.submitted;
    const fate = this.#fate();
    const poison = fate !== 'done' && fate !== 'slow';
    const input = {
      ...{ title: `task ${number}`, input: { fate }, priority: this.#dice.between(1, 10) },
      depends_on: this.#dependencies(),
      // Of the others none may fail, however often a worker dies.
      max_attempts: poison ? this.#dice.between(1, 3) : 20,
      ...{ retry: 'linear' as const, retry_seconds: 1 },
    };
    const { task_id } = await this.#stage.insist(
      () => this.#coordinator.submitWork(input, { idempotency_key: `task-${number}` }),
      patience,
    );
    if (!poison) this.#sound.push(task_id);
  }

  #fate(): Fate {
    if (this.#dice.chance(0.05)) return this.#dice.chance(0.1) ? 'crashes' : this.#dice.pick(['fails', 'abandoned']);
    return this.#dice.chance(0.03) ? 'slow' : 'done';
  }

  #dependencies(): string[] {
    if (this.#sound.length === 0 || !this.#dice.chance(0.3)) return [];
    const recent = this.#sound.slice(-200);
    return [...new Set(Array.from({ length: this.#dice.between(1, 3) }, () => this.#dice.pick(recent)))];
  }
}

const methodOf = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

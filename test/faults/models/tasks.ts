import type { Answer, Circumstances, Model, Step } from './model.ts';

/** What may happen to tasks. */
export type TaskDeed = Step &
  (
    | { kind: 'submit'; priority: number; depends_on: string[]; max_attempts: number }
    | { kind: 'claim' }
    | { kind: 'complete'; task_id: string; claim_token: number; success: boolean }
    | { kind: 'give_back'; task_id: string; claim_token: number }
    | { kind: 'expire'; task_id: string }
    | { kind: 'look'; task_id: string }
    | { kind: 'nothing' }
  );

interface Task {
  task_id: string;
  priority: number;
  number: number;
  status: 'ready' | 'blocked' | 'claimed' | 'done' | 'failed';
  depends_on: string[];
  attempts: number;
  max_attempts: number;
  token: number;
  actor: number;
  expired: boolean;
}

/** The queue as a list. */
export class TaskModel implements Model<TaskDeed> {
  tasks: Task[] = [];

  clone(): TaskModel {
    return Object.assign(new TaskModel(), { tasks: structuredClone(this.tasks) });
  }

  fingerprint(): string {
    return JSON.stringify(this.tasks.toSorted((one, other) => one.task_id.localeCompare(other.task_id)));
  }

  agrees(deed: TaskDeed, answer: Answer, circumstances: Circumstances<TaskDeed>): boolean {
    if (deed.kind === 'nothing') return true;
    if (deed.kind === 'expire') {
      const task = this.#find(deed.task_id);
      if (task?.status === 'claimed') task.expired = true;
      return true;
    }
    if (deed.kind === 'complete' || deed.kind === 'give_back') return this.#end(deed, answer);
    if ('code' in answer) return false;
    if (deed.kind === 'submit') return this.#submit(deed, answer.answer);
    if (deed.kind === 'claim') return this.#claim(deed.actor, answer.answer, circumstances);
    const { status, attempts } = this.#find(deed.task_id) as Task;
    return status === answer.answer.status && attempts === answer.answer.attempts;
  }

  #find(task_id: string): Task | undefined {
    return this.tasks.find((task) => task.task_id === task_id);
  }

  #isDone = (task_id: string) => this.#find(task_id)?.status === 'done';

  #submit(
    { priority, depends_on, max_attempts }: TaskDeed & { kind: 'submit' },
    answer: Record<string, unknown>,
  ): boolean {
    const status = depends_on.every(this.#isDone) ? 'ready' : 'blocked';
    const task_id = String(answer.task_id);
    const fresh = { attempts: 0, token: 0, actor: -1, expired: false, number: this.tasks.length };
    this.tasks.push({ ...fresh, task_id, priority, status, depends_on, max_attempts });
    return answer.status === status;
  }

  /** The most urgent first, then the oldest; what has lapsed is given back when nothing else is there. */
  #claim(actor: number, answer: Record<string, unknown>, { beside, swept }: Circumstances<TaskDeed>): boolean {
    if (swept !== 'nothing') this.#giveBackLapsed(swept === 'rest' && beside ? tasksOf(beside) : []);
    const { task_id = '', attempt } = (answer.task ?? {}) as { task_id?: string; attempt?: number };
    // What another call works on at this very moment is passed over, not waited for.
    if (beside && (!answer.claimed || this.#find(task_id)?.status === 'ready')) return this.#passOver(actor, answer);
    const next = this.#next() ?? this.#nextOfLapsed();
    if (!next || !answer.claimed) return !next && !answer.claimed;
    Object.assign(next, {
      status: 'claimed',
      actor,
      attempts: next.attempts + 1,
      token: next.token + 1,
      expired: false,
    });
    return task_id === next.task_id && answer.claim_token === next.token && attempt === next.attempts;
  }

  #passOver(actor: number, answer: Record<string, unknown>): boolean {
    const task = answer.claimed ? this.#find((answer.task as Task).task_id) : undefined;
    if (task) hand(task, actor);
    return task === undefined || answer.claim_token === task.token;
  }

  #next(): Task | undefined {
    const ready = this.tasks.filter(({ status }) => status === 'ready');
    return ready.sort((one, other) => one.priority - other.priority || one.number - other.number)[0];
  }

  #nextOfLapsed(): Task | undefined {
    this.#giveBackLapsed();
    return this.#next();
  }

  #giveBackLapsed(inHand: readonly string[] = []): void {
    for (const task of this.tasks) {
      if (task.status === 'claimed' && task.expired && !inHand.includes(task.task_id))
        task.status = task.attempts < task.max_attempts ? 'ready' : 'failed';
    }
  }

  #end(deed: TaskDeed & { kind: 'complete' | 'give_back' }, answer: Answer): boolean {
    const task = this.#find(deed.task_id);
    const valid =
      task?.status === 'claimed' && task.actor === deed.actor && task.token === deed.claim_token && !task.expired;
    if (!valid || 'code' in answer) return !valid && 'code' in answer && answer.code === 'conflict';
    if (deed.kind === 'give_back') {
      Object.assign(task, { status: 'ready', attempts: task.attempts - 1 });
      return answer.answer.released === true;
    }
    task.status = deed.success ? 'done' : task.attempts < task.max_attempts ? 'ready' : 'failed';
    for (const other of this.tasks) {
      if (other.status === 'blocked' && other.depends_on.every(this.#isDone)) other.status = 'ready';
    }
    return answer.answer.status === task.status;
  }
}

/** Which tasks a deed has in hand while it is done. */
function tasksOf(deed: TaskDeed): readonly string[] {
  if (deed.kind === 'submit') return deed.depends_on;
  return 'task_id' in deed ? [deed.task_id] : [];
}

function hand(task: Task, actor: number): void {
  Object.assign(task, { status: 'claimed', actor, attempts: task.attempts + 1, token: task.token + 1, expired: false });
}

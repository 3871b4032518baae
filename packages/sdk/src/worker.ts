import { setTimeout as pause } from 'node:timers/promises';
import { CoordinationError, type Coordinator, type ErrorBody, isRetryable } from '@agentcoord/contract';
import { Ask, type Handled, type TaskChoice } from './ask.ts';
import { type Claim, type ClaimOptions, claimIn } from './claim.ts';
import type { Session } from './session.ts';

/** Does a task; what it resolves with is the result, what it throws makes the attempt fail. `claim.signal` ends it. */
export type TaskHandler = (claim: Claim) => Promise<Record<string, unknown> | undefined>;

export interface WorkOptions extends Omit<ClaimOptions, 'wait_seconds'> {
  /** Tasks in hand at the same time, 1 to 50; 1 unless given. */
  concurrency?: number;
  /** True: resolves when there is nothing to do now, instead of waiting for more. */
  untilEmpty?: boolean;
}

type Answer = Awaited<ReturnType<Coordinator['completeWorkBatch']>>;
type Result = Answer['results'][number];
type Report = Parameters<Coordinator['completeWorkBatch']>[0]['reports'][number];

/** A task that was done, and not reported yet. */
interface Done {
  claim: Claim;
  result: Record<string, unknown> | undefined;
}

/** Milliseconds between attempts to report while the server is away: so many at first, doubled up to the last. */
const [firstPause, lastPause] = [250, 5000];

/**
 * Keeps so many tasks in hand. What is done while a report is under way is reported, and as many are claimed, in one
 * call: with eight in hand a task then costs half of what it costs with a call of its own.
 */
export class Worker {
  readonly #session: Session;
  readonly #handle: TaskHandler;
  readonly #options: WorkOptions;
  readonly #concurrency: number;
  readonly #ended = Promise.withResolvers<void>();
  /** Tasks in hand: handled, or waiting to be reported, or being reported. */
  #inHand = 0;
  #done: Done[] = [];
  #isReporting = false;
  #isFetching = false;
  #failure: unknown;

  constructor(session: Session, handle: TaskHandler, { concurrency = 1, ...options }: WorkOptions) {
    if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 50) {
      throw new RangeError(`concurrency: ${concurrency} is not a whole number from 1 to 50.`);
    }
    this.#session = session;
    this.#handle = handle;
    this.#options = options;
    this.#concurrency = concurrency;
  }

  /**
   * Resolves when the signal has aborted, or there is nothing to do, and no task is in hand any more; rejects then when no
   * more could be claimed.
   */
  run(): Promise<void> {
    void this.#fetch();
    return this.#ended.promise;
  }

  get #isStopping(): boolean {
    return this.#failure !== undefined || this.#options.signal?.aborted === true;
  }

  /** Fills what is free, as long as there is something. */
  async #fetch(): Promise<void> {
    if (this.#isFetching) return;
    this.#isFetching = true;
    let wait = firstPause;
    let ask = this.#newAsk(false);
    let isAnswered = true;
    while (!this.#isStopping && this.#inHand < this.#concurrency) {
      try {
        isAnswered = false;
        const claims = await ask.call(this.#interruption);
        isAnswered = true;
        for (const claim of claims) void this.#begin(claim, ask.since);
        if (claims.length === 0 && this.#options.untilEmpty) break;
        ask = this.#newAsk(claims.length === 0 && !ask.waits);
        wait = firstPause;
      } catch (error) {
        if (isRetryable(error)) await pause(wait, undefined, this.#interruption).catch(() => {});
        else if (!this.#isStopping) this.#failure = error;
        wait = Math.min(wait * 2, lastPause);
      }
    }
    if (!isAnswered && this.#failure === undefined) {
      await ask.giveBack().catch((error) => this.#session.report(error));
    }
    this.#isFetching = false;
    if (this.#inHand > 0) return;
    if (this.#failure === undefined) this.#ended.resolve();
    else this.#ended.reject(this.#failure);
  }

  #newAsk(waits: boolean): Ask {
    return new Ask(this.#session, { count: this.#concurrency - this.#inHand, waits, choice: this.#choice });
  }

  /** Which tasks to take, and for how long. */
  get #choice(): TaskChoice {
    const { types, lease_seconds } = this.#options;
    return { ...(types && { types }), ...(lease_seconds && { lease_seconds }) };
  }

  get #interruption(): Pick<WorkOptions, 'signal'> {
    const { signal } = this.#options;
    return signal ? { signal } : {};
  }

  /** Begins a task that was asked for at `since`. */
  async #begin(handled: Handled, since: number): Promise<void> {
    this.#inHand++;
    const claim = await claimIn(handled, this.#session, this.#choice, since).catch((error) =>
      this.#session.report(error),
    );
    if (claim && (await this.#work(claim))) return;
    this.#inHand--;
    void this.#fetch();
  }

  /** True when it was done, and is to be reported. */
  async #work(claim: Claim): Promise<boolean> {
    try {
      const result = await this.#handle(claim);
      if (claim.isReported) return false;
      this.#done.push({ claim, result });
      this.#reportSoon();
      return true;
    } catch (error) {
      await this.#giveUp(claim, error);
      return false;
    }
  }

  async #giveUp(claim: Claim, error: unknown): Promise<void> {
    if (!claim.signal.aborted && !claim.isReported) {
      await patiently(() => claim.fail(wordsOf(error)), claim).catch((cause) => {
        claim.lose(cause);
        this.#session.report(cause);
      });
    }
    await claim[Symbol.asyncDispose]();
  }

  /** After what else is done in this turn of the event loop, and one call after the other. */
  #reportSoon(): void {
    if (this.#isReporting) return;
    this.#isReporting = true;
    setImmediate(async () => {
      await this.#report(this.#done.splice(0));
      this.#isReporting = false;
      if (this.#done.length > 0) this.#reportSoon();
      if (this.#inHand < this.#concurrency) void this.#fetch();
    });
  }

  async #report(done: readonly Done[]): Promise<void> {
    const since = performance.now();
    const next = this.#isStopping || this.#options.types ? 0 : done.length;
    const claims = await this.#send(done, next).catch((error: unknown) => this.#reportEach(done, error));
    this.#inHand -= done.length;
    for (const claim of claims) void this.#begin(claim, since);
  }

  /** Reports them together, again and again while the server is away; answers what was claimed next. */
  async #send(done: readonly Done[], claim_next: number): Promise<Handled[]> {
    for (const { claim } of done) claim.beginReport();
    const reports = done.map(({ claim, result }) => ({
      ...{ task_id: claim.task.task_id, claim_token: claim.token },
      ...(result ? { result } : {}),
    }));
    const { results, claims } = await patiently(
      (attempt) => this.#call(reports, claim_next, attempt > 1),
      ...done.map(({ claim }) => claim),
    );
    await Promise.all(done.map(({ claim }, index) => this.#settle(claim, results[index])));
    return claims;
  }

  /** One by itself costs less without a batch around it; but only a batch can be asked `again` for a lost answer. */
  async #call(reports: Report[], claim_next: number, again: boolean): Promise<Answer> {
    const { coordinator } = this.#session;
    const [first] = reports;
    if (!first || reports.length > 1 || again) return coordinator.completeWorkBatch({ reports, claim_next, again });
    const { next, status } = await coordinator.completeWork({ ...first, claim_next: claim_next > 0 });
    const claims = next?.task ? [next as Handled] : [];
    return { results: [{ task_id: first.task_id, status }], claims };
  }

  /** One that was not accepted has passed on, unless it has subtasks that have not ended: then the attempt has failed. */
  async #settle(claim: Claim, { error }: Partial<Result> = {}): Promise<void> {
    if (!error) return claim.endReport();
    await this.#refused(claim, new CoordinationError(error as ErrorBody));
  }

  async #refused(claim: Claim, reason: unknown): Promise<void> {
    this.#session.report(reason);
    if (hasPassedOn(reason)) claim.lose(reason);
    await this.#giveUp(claim, reason);
  }

  /** Each by itself, when they were refused together: perhaps for what one of the results says. */
  async #reportEach(done: readonly Done[], reason: unknown): Promise<Handled[]> {
    for (const { claim, result } of done) {
      try {
        if (done.length === 1) throw reason;
        await claim.complete(result);
      } catch (error) {
        await this.#refused(claim, error);
      }
    }
    return [];
  }
}

/** Calls again and again while the server is away and one of the claims, at least, can still be had. */
async function patiently<Result>(call: (attempt: number) => Promise<Result>, ...claims: Claim[]): Promise<Result> {
  for (let [attempt, wait] = [1, firstPause]; ; [attempt, wait] = [attempt + 1, Math.min(wait * 2, lastPause)]) {
    try {
      return await call(attempt);
    } catch (error) {
      if (!isRetryable(error) || claims.every(({ signal }) => signal.aborted)) throw error;
      await pause(wait);
    }
  }
}

/** True when the task is not this worker's any more. */
function hasPassedOn(error: unknown): error is CoordinationError {
  return error instanceof CoordinationError && error.code === 'conflict' && error.details?.reason !== 'open_subtasks';
}

function wordsOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)) || 'failed';
}

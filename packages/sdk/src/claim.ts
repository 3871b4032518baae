import { CoordinationError, type Coordinator } from '@agentcoord/contract';
import { freshFor, Lease } from './lease.ts';
import { secondsOf } from './seconds.ts';
import type { Session } from './session.ts';

type GetWork = Coordinator['getWork'];
type Report = Parameters<Coordinator['completeWork']>[0];
type Completion = Awaited<ReturnType<Coordinator['completeWork']>>;

/** Which tasks to take, and for how long: the input of `get_work`. */
export interface ClaimOptions extends NonNullable<Parameters<GetWork>[0]> {
  /** Ends the waiting. */
  signal?: AbortSignal | undefined;
}

/** A task as it is handed to a worker. */
export type ClaimedTask = NonNullable<Awaited<ReturnType<GetWork>>['task']>;

/** What a claim is made of. */
interface Claimed {
  task: ClaimedTask;
  token: number;
  options: ClaimOptions;
  /** When it was asked for, by `performance.now()`. */
  since: number;
}

/** A claimed task, renewed until reported; `await using` reports it as failed when nothing else was reported. */
export class Claim implements AsyncDisposable {
  readonly task: ClaimedTask;
  /** Fencing token of the claim. */
  readonly token: number;
  readonly #session: Session;
  readonly #options: ClaimOptions;
  readonly #lease: Lease;
  #outcome: 'open' | 'reporting' | 'reported' = 'open';

  constructor(session: Session, { task, token, options, since }: Claimed) {
    this.#session = session;
    this.task = task;
    this.token = token;
    this.#options = options;
    const seconds = secondsOf('get_work', 'lease_seconds', options.lease_seconds);
    this.#lease = new Lease({ seconds, every: seconds / 3, renew: () => this.#renew() }, since);
    session.grants.add(this);
  }

  /** Aborts when the claim is lost, with the reason: stop working on the task then. */
  get signal(): AbortSignal {
    return this.#lease.signal;
  }

  /** True once its end was reported and accepted. */
  get isReported(): boolean {
    return this.#outcome === 'reported';
  }

  /** Renews it now; throws when it is lost, and when nobody knows. */
  async confirm(): Promise<void> {
    try {
      await this.#lease.confirm();
    } catch (error) {
      this.#session.grants.delete(this);
      throw error;
    }
  }

  /** Tells the claim that it is gone. */
  lose(reason: CoordinationError): void {
    this.#lease.lose(reason);
  }

  /** Reports the task as done. */
  complete(result?: Record<string, unknown>): Promise<Completion> {
    return this.#report('complete', { success: true, ...(result ? { result } : {}) });
  }

  /**
   * Reports the task as done and claims the next one for as long as this one, in one call unless `types` were asked for;
   * null when there is nothing to do now.
   */
  async completeAndClaim(result?: Record<string, unknown>): Promise<Claim | null> {
    const { wait_seconds: _, ...options } = this.#options;
    if (options.types) {
      await this.complete(result);
      return claimNext(this.#session, options);
    }
    const since = performance.now();
    const report = { success: true, claim_next: true, ...(result ? { result } : {}) };
    const { next } = await this.#report('complete-and-claim', report);
    return claimIn(next, this.#session, options, since);
  }

  /** Reports the attempt as failed; the queue decides whether another follows. */
  fail(error: string): Promise<Completion> {
    return this.#report('fail', { success: false, error });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#outcome === 'reported') return;
    if (this.signal.aborted) return this.#session.grants.delete(this);
    await this.fail('abandoned').catch((error: unknown) => this.#session.report(error));
    await this.#letGo();
  }

  /** From here on a renewal that finds the task finished is no loss. */
  beginReport(): void {
    this.#outcome = 'reporting';
  }

  /** Its end was reported. */
  async endReport(): Promise<void> {
    this.#outcome = 'reported';
    await this.#letGo();
  }

  /** The key makes it safe to report again when the first answer got lost. */
  async #report(outcome: string, report: Omit<Report, 'task_id' | 'claim_token'>): Promise<Completion> {
    const { task_id } = this.task;
    this.beginReport();
    try {
      const answer = await this.#session.coordinator.completeWork(
        { task_id, claim_token: this.token, ...report },
        { idempotency_key: `${outcome}-${task_id}-${this.token}` },
      );
      await this.endReport();
      return answer;
    } catch (error) {
      this.#outcome = 'open';
      throw error;
    }
  }

  async #letGo(): Promise<void> {
    this.#session.grants.delete(this);
    await this.#lease.stop();
  }

  async #renew(): Promise<void> {
    const { renewed_claims } = await this.#session.beat();
    if (renewed_claims >= this.#session.openClaims) return;
    const now = await this.#session.coordinator.getTask({ task_id: this.task.task_id });
    if (this.#outcome !== 'open' || (now.status === 'claimed' && now.claim_token === this.token)) return;
    throw new CoordinationError({
      code: 'conflict',
      message: 'The claim has passed on: it was not renewed in time.',
      hint: 'Stop working on the task; somebody else may have it.',
      details: { task_id: this.task.task_id, status: now.status },
    });
  }
}

/** Claims the next task, waiting for one if told so; null when there is nothing to do. */
export async function claimNext(session: Session, options: ClaimOptions): Promise<Claim | null> {
  const { signal, ...input } = options;
  const since = performance.now();
  return claimIn(await session.coordinator.getWork(input, { signal }), session, options, since);
}

/** The claim in the answer to a call made at `since`, if there is one. Throws when it is lost, and when nobody knows. */
export async function claimIn(
  answer: Partial<Awaited<ReturnType<GetWork>>> | undefined,
  session: Session,
  options: ClaimOptions,
  since: number,
): Promise<Claim | null> {
  if (!answer?.task || answer.claim_token === undefined) return null;
  const { task, claim_token: token } = answer;
  const now = performance.now();
  const hasWaited = now - since > freshFor;
  const claim = new Claim(session, { task, token, options, since: hasWaited ? now : since });
  if (hasWaited) await claim.confirm();
  return claim;
}

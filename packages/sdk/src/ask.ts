import { randomUUID } from 'node:crypto';
import type { Coordinator } from '@agentcoord/contract';
import type { ClaimOptions } from './claim.ts';
import type { Session } from './session.ts';

/** A task that was handed to a worker, with its token. */
export type Handled = Awaited<ReturnType<Coordinator['getWorkBatch']>>['claims'][number];

/** Which tasks to take, and for how long. */
export type TaskChoice = Pick<ClaimOptions, 'types' | 'lease_seconds'>;

/** What a worker asks for, until the answer is known: asked for again, with the same key, nothing is claimed twice. */
export class Ask {
  /** True: for one, which may take a while. Else for as many of `count` as are there. */
  readonly waits: boolean;
  /** When it was first asked for, by `performance.now()`. */
  readonly since = performance.now();
  readonly #key = randomUUID();
  readonly #session: Session;
  readonly #count: number;
  readonly #choice: TaskChoice;

  constructor(session: Session, { count, waits, choice }: { count: number; waits: boolean; choice: TaskChoice }) {
    this.#session = session;
    this.#count = count;
    this.waits = waits;
    this.#choice = choice;
  }

  /** Asks. Only waiting is interrupted by the signal. */
  async call({ signal }: Pick<ClaimOptions, 'signal'> = {}, wait_seconds = 25): Promise<readonly Handled[]> {
    const { coordinator } = this.#session;
    const options = { idempotency_key: this.#key };
    if (!this.waits) return (await coordinator.getWorkBatch({ count: this.#count, ...this.#choice }, options)).claims;
    const answer = await coordinator.getWork(
      { ...this.#choice, wait_seconds },
      signal ? { ...options, signal } : options,
    );
    return answer.task ? [answer as Handled] : [];
  }

  /**
   * Gives back what may have been claimed while the asking was interrupted. Asks once: what cannot be given back comes
   * back by itself, when the session ends or the claim lapses.
   */
  async giveBack(): Promise<void> {
    const claims = await this.call({}, 0);
    const { coordinator } = this.#session;
    const releases = claims.map(({ task: { task_id }, claim_token }) =>
      coordinator.releaseTask({ task_id, claim_token }),
    );
    await Promise.allSettled(releases);
  }
}

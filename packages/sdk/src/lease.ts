import { CoordinationError, isRetryable } from '@agentcoord/contract';
import { after } from './timer.ts';

/**
 * Milliseconds after which a call that granted something must have been waiting. When within that time it was granted
 * nobody can say, so it is renewed at once, which is a moment that is known.
 */
export const freshFor = 1000;

/** What has to be kept alive, and how. */
export interface LeaseOptions {
  /** Seconds the grant lasts from each renewal on. */
  seconds: number;
  /** Seconds between renewals. */
  every: number;
  /** Renews; throws when the grant is gone or the server did not answer. */
  renew: () => Promise<void>;
}

/**
 * Renews a grant in time. `signal` aborts as soon as the grant is lost, or may be: when no renewal has succeeded for
 * as long as the grant lasts, counted from before the last successful one was sent.
 */
export class Lease {
  readonly #options: LeaseOptions;
  readonly #controller = new AbortController();
  #ended = false;
  #renewal: Promise<void> | undefined;
  #cancelRenewal = () => {};
  #cancelExpiry = () => {};

  constructor(options: LeaseOptions, grantedSince: number) {
    this.#options = options;
    this.#extend(grantedSince);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Renews now; throws, and renews no more, when that fails. */
  async confirm(): Promise<void> {
    const sentAt = performance.now();
    try {
      await this.#options.renew();
    } catch (error) {
      this.#cancelAll();
      throw error;
    }
    this.#extend(sentAt);
  }

  /** Aborts `signal` and renews no more. */
  lose(reason: CoordinationError): void {
    if (this.#ended) return;
    this.#cancelAll();
    this.#controller.abort(reason);
  }

  /** Renews no more; resolves when no renewal is under way, which could otherwise revive what is given up next. */
  async stop(): Promise<void> {
    this.#cancelAll();
    await this.#renewal;
  }

  #cancelAll(): void {
    this.#ended = true;
    this.#cancelRenewal();
    this.#cancelExpiry();
  }

  #extend(since: number): void {
    const validFor = since + this.#options.seconds * 1000 - performance.now();
    this.#cancelExpiry();
    this.#cancelExpiry = after(validFor, () => this.lose(expired()));
    this.#renewIn(this.#options.every * 1000);
  }

  #renewIn(milliseconds: number): void {
    this.#cancelRenewal = after(milliseconds, () => {
      this.#renewal = this.#renew();
    });
  }

  async #renew(): Promise<void> {
    const sentAt = performance.now();
    try {
      await this.#options.renew();
      if (!this.#ended) this.#extend(sentAt);
    } catch (error) {
      if (!isRetryable(error)) this.lose(asLoss(error));
      else if (!this.#ended) this.#renewIn(this.#options.every * 250);
    }
  }
}

function asLoss(error: unknown): CoordinationError {
  if (error instanceof CoordinationError) return error;
  return new CoordinationError(
    { code: 'internal', message: 'The renewal failed.', hint: 'Stop the work and start again.' },
    { cause: error },
  );
}

function expired(): CoordinationError {
  return new CoordinationError({
    code: 'conflict',
    message: 'It could not be renewed in time and may belong to somebody else by now.',
    hint: 'Stop writing, check what was changed, and acquire again.',
  });
}

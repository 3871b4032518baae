import { CoordinationError, type Coordinator } from '@agentcoord/contract';
import { freshFor, Lease } from './lease.ts';
import { secondsOf } from './seconds.ts';
import type { Session } from './session.ts';

type Acquire = Coordinator['acquireLock'];
type Grant = NonNullable<Awaited<ReturnType<Acquire>>['locks']>[number];

/** How to lock: what `acquire_lock` takes beside its paths. */
export interface LockOptions extends Omit<Parameters<Acquire>[0], 'paths'> {
  /** Ends the waiting. */
  signal?: AbortSignal | undefined;
}

type Renewal = Omit<LockOptions, 'wait_seconds' | 'signal'>;

/** Locked paths, renewed until released; `await using` releases them. */
export class Lock implements AsyncDisposable {
  readonly #session: Session;
  readonly #lease: Lease;
  #grants: readonly Grant[];
  #released: Promise<void> | undefined;

  constructor(session: Session, grants: readonly Grant[], input: Renewal, since: number) {
    this.#session = session;
    this.#grants = grants;
    const seconds = secondsOf('acquire_lock', 'ttl_seconds', input.ttl_seconds);
    this.#lease = new Lease({ seconds, every: seconds / 2, renew: () => this.#renew(input) }, since);
    session.grants.add(this);
  }

  /** Paths in their one normal form. */
  get paths(): string[] {
    return this.#grants.map((grant) => grant.path);
  }

  /** Fencing tokens in the order of `paths`. */
  get tokens(): number[] {
    return this.#grants.map((grant) => grant.token);
  }

  /** Aborts when the lock is lost, with the reason. */
  get signal(): AbortSignal {
    return this.#lease.signal;
  }

  /** Tells the lock that it is gone. */
  lose(reason: CoordinationError): void {
    this.#lease.lose(reason);
  }

  /** Gives the paths back; throws `conflict` when they were not held all the time until now. */
  release(): Promise<void> {
    this.#released ??= this.#release();
    return this.#released;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  async #release(): Promise<void> {
    await this.#lease.stop();
    this.#session.grants.delete(this);
    const answer = await this.#session.coordinator
      .releaseLock({ paths: this.paths, tokens: this.tokens })
      // Its TTL frees it; an error here would hide the outcome of the work.
      .catch((error: unknown) => this.#session.report(error));
    if (this.signal.aborted) throw this.signal.reason;
    const missed = answer?.not_held.filter((entry) => entry.reason !== 'free') ?? [];
    if (missed.length > 0) throw lost({ not_held: missed });
  }

  async #renew(input: Renewal): Promise<void> {
    const before = this.tokens;
    const answer = await this.#session.coordinator.acquireLock({ ...input, paths: this.paths });
    if (!answer.acquired) throw lost({ blocked_by: answer.blocked_by });
    this.#grants = answer.locks ?? [];
    if (this.tokens.some((token) => !before.includes(token))) throw lost({ paths: this.paths });
  }
}

/** Locks the paths, waiting for them if told so; throws `conflict` with `blocked_by` in its details when others keep them. */
export async function acquire(session: Session, paths: readonly string[], options: LockOptions): Promise<Lock> {
  const { wait_seconds, signal, ...input } = options;
  const { acquireLock } = session.coordinator;
  let since = performance.now();
  let answer = await acquireLock({ ...input, paths: [...paths], wait_seconds }, { signal });
  if (answer.acquired && performance.now() - since > freshFor) {
    since = performance.now();
    answer = await acquireLock({ ...input, paths: [...paths] });
  }
  if (!answer.acquired) throw heldByOthers(answer);
  return new Lock(session, answer.locks ?? [], input, since);
}

function heldByOthers({ blocked_by = [], hint }: Awaited<ReturnType<Acquire>>): CoordinationError {
  const [first] = blocked_by;
  return new CoordinationError({
    code: 'conflict',
    message: first
      ? `${first.path} is locked by ${first.agent} until ${first.expires_at}${first.reason ? `: ${first.reason}` : ''}.`
      : 'Others hold what was asked for.',
    hint: hint ?? 'Work on something else, ask the holder, or try with `wait_seconds`.',
    details: { blocked_by },
  });
}

function lost(details: Record<string, unknown>): CoordinationError {
  return new CoordinationError({
    code: 'conflict',
    message: 'The lock was lost: it lapsed before it was renewed.',
    hint: 'Stop writing, check what was changed meanwhile, and acquire again.',
    details,
  });
}

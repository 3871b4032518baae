import {
  type CallOptions,
  type CoordinationError,
  type Coordinator,
  coordinatorOver,
  type EventInput,
  type EventOptions,
  type EventPage,
  type Invoker,
  type Operation,
  operationNamed,
  polled,
  type Transport,
} from '@agentcoord/contract';
import { type Claim, type ClaimOptions, claimNext } from './claim.ts';
import { closed, isGone } from './ending.ts';
import { Grants } from './grants.ts';
import { acquire, type Lock, type LockOptions } from './lock.ts';
import { Pulse } from './pulse.ts';
import { type TaskHandler, Worker, type WorkOptions } from './worker.ts';

type Registration = Awaited<ReturnType<Coordinator['registerSession']>>;
type Heartbeat = Awaited<ReturnType<Coordinator['heartbeat']>>;

/** What a session says about itself, and what it tells its program. */
export interface SessionOptions {
  agent_type?: string;
  capabilities?: string[];
  working_on?: string;
  /** False: no heartbeats; what the session holds lives by its TTLs alone. */
  beats?: boolean;
  /** Seconds without a call after which heartbeats stop, 1800 unless given. */
  idleLimitSeconds?: number;
  /** Hears of failures that no call reports: heartbeats, releases, the end. */
  onError?: (error: unknown) => void;
  /** Hears that the session was gone: its locks and claims are lost; calls go on in a new session. */
  onLapsed?: (reason: CoordinationError) => void;
}

/**
 * One run of an agent. Registers with its first call, beats while it is used, and registers anew when the server has
 * let it go; while the server is away each call fails with `unavailable` and the next one tries again.
 */
export class Session implements Invoker, AsyncDisposable {
  /** The operations as typed methods. */
  readonly coordinator: Coordinator = coordinatorOver(this);
  readonly #transport: Transport;
  readonly #options: SessionOptions;
  readonly #pulse: Pulse | undefined;
  /** Locks and claims keep themselves in it. */
  readonly grants = new Grants();
  #identity: Record<string, unknown>;
  #opening: Promise<Registration> | undefined;
  #registration: Registration | undefined;
  #lapsed: CoordinationError | undefined;
  #closing: Promise<void> | undefined;

  constructor(transport: Transport, options: SessionOptions = {}) {
    const { idleLimitSeconds = 1800, onError: _, onLapsed: __, beats = true, ...identity } = options;
    this.#transport = transport;
    this.#options = options;
    this.#identity = { ...identity, beats };
    const beat = () => this.beat().catch((error: unknown) => this.report(error));
    this.#pulse = beats ? new Pulse(beat, idleLimitSeconds) : undefined;
  }

  /** What the server answered to the registration; undefined while there is none. */
  get registration(): Registration | undefined {
    return this.#registration;
  }

  /** Why the session before this one was lost; undefined while none was. */
  get lapsed(): CoordinationError | undefined {
    return this.#lapsed;
  }

  /** Claims that are neither reported nor disposed. */
  get openClaims(): number {
    return this.grants.claims;
  }

  /** Registers unless that has been done; calls do it by themselves. */
  async open(): Promise<Registration> {
    if (this.#closing) throw closed();
    if (this.#registration) return this.#registration;
    this.#opening ??= this.#register().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async invoke(operation: Operation, input: unknown, options?: CallOptions): Promise<unknown> {
    const { session_id } = await this.open();
    this.#pulse?.touch();
    try {
      return await this.#call(session_id, operation, input, options);
    } catch (error) {
      if (!isGone(error)) throw error;
      this.#lapse(session_id, error);
      return this.#call((await this.open()).session_id, operation, input, options);
    }
  }

  /** Pages of events; `coordinator.events()` hands them out one by one, and goes on when the connection breaks. */
  async *events(input: EventInput, options: EventOptions = {}): AsyncGenerator<EventPage, void, undefined> {
    if (!this.#transport.events) return yield* polled(this, input, options);
    for (let { after } = input; ; ) {
      const { session_id } = await this.open();
      try {
        const pages = this.#transport.events({ ...input, after }, { ...options, session_id });
        for await (const page of pages) {
          after = page.cursor;
          yield page;
        }
        return;
      } catch (error) {
        if (!isGone(error)) throw error;
        this.#lapse(session_id, error);
      }
    }
  }

  /** Sends one heartbeat that does not count as activity; the timer does it every 15 s. */
  async beat(): Promise<Heartbeat> {
    // A timer must not bring a session back that ended.
    const session_id = this.#registration?.session_id;
    if (session_id === undefined) throw closed();
    try {
      const answer = await this.#transport.invoke(definition('heartbeat'), { automatic: true }, { session_id });
      return answer as Heartbeat;
    } catch (error) {
      if (isGone(error)) this.#lapse(session_id, error);
      throw error;
    }
  }

  /** Locks the paths; `await using lock = await session.lock([...])` releases them. */
  lock(paths: string | readonly string[], options: LockOptions = {}): Promise<Lock> {
    return acquire(this, typeof paths === 'string' ? [paths] : paths, options);
  }

  /** Works while holding the paths; throws `conflict` when they were not held until the work was done. */
  async withLock<Result>(
    paths: string | readonly string[],
    work: (lock: Lock) => Promise<Result>,
    options: LockOptions = {},
  ): Promise<Result> {
    const lock = await this.lock(paths, options);
    let result: Result;
    try {
      result = await work(lock);
    } catch (error) {
      await lock.release().catch(() => {});
      throw error;
    }
    await lock.release();
    return result;
  }

  /** Claims the next task; null when there is nothing to do now. */
  claim(options: ClaimOptions = {}): Promise<Claim | null> {
    return claimNext(this, options);
  }

  /** Does tasks until the signal aborts, several at a time if told so; see `WorkOptions`. */
  work(handle: TaskHandler, options: WorkOptions = {}): Promise<void> {
    return new Worker(this, handle, options).run();
  }

  /** Hands a failure that no call reports to `onError`. */
  report(error: unknown): undefined {
    this.#options.onError?.(error);
  }

  /** Ends the session, which frees all it holds; never throws, because an unreachable server lets it lapse. */
  close(reason?: string): Promise<void> {
    this.#closing ??= this.#end(reason);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #register(): Promise<Registration> {
    const answer = await this.#transport.invoke(definition('register_session'), this.#identity);
    this.#registration = answer as Registration;
    this.#pulse?.touch();
    return this.#registration;
  }

  async #call(session_id: string, operation: Operation, input: unknown, options?: CallOptions): Promise<unknown> {
    const answer = await this.#transport.invoke(operation, this.#completed(operation, input), {
      ...options,
      session_id,
    });
    if (operation.name === 'register_session') this.#identity = { ...this.#identity, ...(input as object) };
    if (operation.name === 'end_session') this.#forget(session_id, closed());
    return answer;
  }

  /** Whoever describes this session anew does not know whether it beats. */
  #completed(operation: Operation, input: unknown): unknown {
    if (operation.name !== 'register_session' || typeof input !== 'object') return input;
    return { beats: this.#identity.beats, ...input };
  }

  #lapse(session_id: string, reason: CoordinationError): void {
    if (this.#registration?.session_id !== session_id) return;
    this.#lapsed = reason;
    this.#forget(session_id, reason);
    this.#options.onLapsed?.(reason);
  }

  #forget(session_id: string, reason: CoordinationError): void {
    if (this.#registration?.session_id !== session_id) return;
    this.#registration = undefined;
    this.#pulse?.stop();
    this.grants.lose(reason);
  }

  async #end(reason?: string): Promise<void> {
    await this.#opening?.catch(() => {});
    const session_id = this.#registration?.session_id;
    if (session_id === undefined) return;
    this.#forget(session_id, closed());
    await this.#transport
      .invoke(definition('end_session'), reason === undefined ? {} : { reason }, { session_id })
      .catch((error: unknown) => this.report(error));
  }
}

function definition(name: string): Operation {
  const operation = operationNamed(name);
  if (!operation) throw new Error(`The catalogue has no ${name}.`);
  return operation;
}

/** Opens a session at once; `new Session(…)` is the same without waiting for the server. */
export async function openSession(transport: Transport, options: SessionOptions = {}): Promise<Session> {
  const session = new Session(transport, options);
  await session.open();
  return session;
}

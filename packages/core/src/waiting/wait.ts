import { CoordinationError, numberAhead } from '@agentcoord/contract';
import type { Wakeups } from './wakeups.ts';

/** What ends a call before its time. */
export interface Ending {
  /** The caller does not want it any more: it throws the signal's reason. */
  signal?: AbortSignal | undefined;
  /** The server is about to close: it answers what it knows by then. */
  closing?: AbortSignal | undefined;
}

export interface Wait extends Ending {
  wakeups: Wakeups;
  project: number;
  seconds: number;
  /** True when it waits for any change; else for those that let somebody go on. */
  follows: boolean;
  /** Calls the database, telling it how many seconds are left to wait. */
  ask: (secondsLeft: number) => Promise<unknown>;
  /** True when there is nothing to wait for. */
  isFinal: (answer: unknown) => boolean;
}

/**
 * Asks until the answer is final or the time is over; the last ask says that no seconds are left. In between it holds
 * neither a connection nor a transaction. The first ask fails like any other call. Once it waits, it outlasts a
 * database that is away: it asks on, and fails only when that is still so at the end.
 */
export async function wait({
  wakeups,
  project,
  seconds,
  follows,
  ask,
  isFinal,
  signal,
  closing,
}: Wait): Promise<unknown> {
  const until = performance.now() + seconds * 1000;
  const waiter = wakeups.enter(project, follows);
  try {
    waiter.asks();
    let answer = await ask(seconds);
    if (isFinal(answer) || wakeups.isFull) return answer;
    wakeups.listen();
    const ended = AbortSignal.any([signal, closing].filter((given) => given !== undefined));
    const askAgain = async () => {
      if (ended.aborted) return undefined;
      const left = Math.max(0, Math.ceil((until - performance.now()) / 1000));
      waiter.asks();
      return { left, answer: left > 0 ? await outlasting(ask(left)) : await ask(left) };
    };
    for (let interval = wakeups.pollInterval; ; ) {
      waiter.queues(numberAhead(answer));
      await waiter.sleep(Math.min(interval, Math.max(0, until - performance.now())), ended);
      const next = ended.aborted ? undefined : await wakeups.turns.take(() => askAgain());
      if (!next) {
        signal?.throwIfAborted();
        return answer;
      }
      answer = next.answer ?? answer;
      if (isFinal(answer) || next.left === 0) return answer;
      interval = next.answer === undefined ? awayInterval() : wakeups.pollInterval;
    }
  } finally {
    wakeups.leave(project, waiter);
  }
}

/** Milliseconds between two asks while the database is away: whoever asks within 5 s keeps its place in a queue. */
const awayInterval = () => 250 + Math.random() * 250;

/** Undefined when the database is away. */
async function outlasting(asking: Promise<unknown>): Promise<unknown> {
  try {
    return await asking;
  } catch (error) {
    if (error instanceof CoordinationError && error.code === 'unavailable') return undefined;
    throw error;
  }
}

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { EventInput } from '@agentcoord/contract';
import { type Ground, maxWorkers } from '../ground.ts';
import type { Group } from '../group.ts';
import { lockPair, runAll } from '../lock_pair.ts';
import { median, type Plan, race, type Side } from '../measure.ts';
import { type Row, rowOf } from '../row.ts';

const script = fileURLToPath(new URL('../servers/subscriber.ts', import.meta.url));
const subscribers = 50;
const probes = 50;

/** How long an event takes to whoever follows events, and what fifty of them cost those who write. */
export const events: Group = {
  name: 'events',
  async measure(ground, plan) {
    const idle = await latencies(ground, plan);
    const stop = new AbortController();
    const writing = Promise.all(
      Array.from({ length: maxWorkers }, async (_, worker) => {
        while (!stop.signal.aborted) await lockPair(ground).run(worker);
      }),
    );
    const busy = await latencies(ground, plan).finally(() => stop.abort());
    await writing;
    return [
      latencyRow('event to subscriber, idle', 10, idle),
      latencyRow('event to subscriber, 32 writers', 15, busy),
      ...(await lockPairsBesideSubscribers(ground, plan, 'subscribers', false)),
      ...(await lockPairsBesideSubscribers(ground, plan, 'subscribers by page', true)),
    ];
  },
};

/** The other side of these rows is a millisecond, so that what is compared is the number of them. */
function latencyRow(name: string, excellent: number, ours: number[]): Row {
  return rowOf({ name, unit: 'ms' }, { excellent, floor: 50 }, { ours, other: ours.map(() => 1) });
}

/** A process of its own that follows events. */
class Subscribers implements AsyncDisposable {
  readonly #child: ChildProcess;
  /** Milliseconds from each journal row to the subscriber. */
  readonly latencies: number[] = [];

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (message) => typeof message === 'number' && this.latencies.push(message));
  }

  static async start({ server }: Ground, what: { count: number; filter?: EventInput; pages?: boolean }) {
    const child = fork(script, [JSON.stringify({ filter: {}, ...what, connection: server.connection() })]);
    const subscribers = new Subscribers(child);
    await once(child, 'message');
    return subscribers;
  }

  async follow(): Promise<void> {
    await this.#tell('follow');
    // Until all of them have read where they begin: that must not be measured.
    await pause(500);
  }

  rest(): Promise<void> {
    return this.#tell('rest');
  }

  async #tell(what: string): Promise<void> {
    const done = new Promise<void>((resolve) => {
      const hear = (message: unknown) => {
        if (message !== 'done') return;
        this.#child.off('message', hear);
        resolve();
      };
      this.#child.on('message', hear);
    });
    this.#child.send(what);
    await done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}

/** Medians of the rounds: milliseconds from a journal row to a subscriber in another process. */
async function latencies(ground: Ground, plan: Plan): Promise<number[]> {
  await using other = await Subscribers.start(ground, { count: 1, filter: { subject: 'lock:probe/' } });
  await other.follow();
  const rounds: number[] = [];
  while (rounds.length < plan.rounds) {
    other.latencies.length = 0;
    for (let probe = 0; other.latencies.length < probes; probe++) {
      plan.signal.throwIfAborted();
      const paths = [`probe/${probe % 50}.ts`];
      await ground.coordinators[0]?.acquireLock({ paths });
      await ground.coordinators[0]?.releaseLock({ paths });
      await pause(10);
    }
    rounds.push(median(other.latencies));
  }
  return rounds;
}

/** They take one event after the other, or page by page. */
async function lockPairsBesideSubscribers(ground: Ground, plan: Plan, who: string, pages: boolean): Promise<Row[]> {
  const side = lockPair(ground);
  // One process for all windows: what a program costs that has just been started is not what is asked.
  await using others = await Subscribers.start(ground, { count: subscribers, pages });
  const watched: Side = {
    async drain(runs, workers) {
      // The clock does not run while subscribers come and go.
      await others.follow();
      const milliseconds = await runAll(side, runs, workers);
      await others.rest();
      return milliseconds;
    },
  };
  const alone: Side = { drain: (runs, workers) => runAll(side, runs, workers) };
  const series = await race({ settle: ground.settle, ours: watched, other: alone }, plan);
  const target = { excellent: 0.95, floor: 0.9 };
  return ([8, 32] as const).map((workers) =>
    rowOf({ name: `lock pair, ${subscribers} ${who} / none`, workers, unit: '/s' }, target, series[workers]),
  );
}

/** A client process of the harness: goes through one door, plays one role until it is told to stop, and writes history. */
import { coordinatorOver } from '@agentcoord/contract';
import { Dice } from './dice.ts';
import { doors, type WayIn } from './doors/index.ts';
import { History } from './history.ts';
import { type RoleName, roles } from './roles/index.ts';

/** What a worker is started with, as the one argument of its process. */
export interface Orders extends WayIn {
  role: RoleName;
  seed: number;
  folder: string;
  /** Milliseconds that this process' clock is wrong by. */
  clockError?: number;
  /** What the role needs to know. */
  plan: Record<string, unknown>;
}

const orders = JSON.parse(process.argv[2] ?? '') as Orders;
if (orders.clockError) falsifyClock(orders.clockError);

const stop = new AbortController();
const go = new Promise<void>((resolve) => {
  process.on('message', (message) => {
    if (message === 'stop') stop.abort();
    resolve();
  });
});
process.on('disconnect', () => process.exit(0));

const history = new History(orders.folder, orders.agent);
const way = await doors[orders.door](orders);
process.send?.({ ready: true });
await go;
await roles[orders.role]({
  ...{ orders, signal: stop.signal, dice: new Dice(orders.seed).for(orders.agent) },
  coordinator: coordinatorOver(history.of(way.invoker)),
  tell: (message) => new Promise((resolve) => process.send?.(message, resolve)),
});
await way.close();
history.close();
process.exit(0);

function falsifyClock(error: number): void {
  const trueNow = Date.now;
  const TrueDate = Date;
  globalThis.Date = class extends TrueDate {
    constructor(...given: [] | [number | string]) {
      super(given[0] ?? trueNow() + error);
    }
    static override now = () => trueNow() + error;
  } as DateConstructor;
}

import type { Invoker, Trust } from '@agentcoord/contract';
import type { TestDatabase } from '../helpers/database.ts';

/** Who comes through a door. Each is a holder of its own. */
export interface Holder {
  agent: string;
  project: string;
  trust: Trust;
}

/** A way to the operations, open on one database; disposing it ends its processes and servers. */
export interface OpenDoor extends AsyncDisposable {
  enter(holder: Holder): Promise<Invoker>;
}

/** One of the ways to the operations, and what cannot be the same on all of them. */
export interface Door {
  name: string;
  /** Trusts a holder may have here. */
  trusts: readonly Trust[];
  /** True when its sessions beat, hence lapse. */
  beats: boolean;
  /** True when a call can carry an idempotency key. */
  idempotent: boolean;
  /** Why it cannot be tried on this machine. */
  missing?: string | undefined;
  open(db: TestDatabase): Promise<OpenDoor>;
}

import type { Side } from '../measure.ts';

/** Another queue over the same server, driven as its manual says. */
export interface Peer extends AsyncDisposable {
  submit: Side;
  /** Claiming a task that does nothing, and completing it; its preparation puts so many tasks into the queue. */
  claim: Side;
}

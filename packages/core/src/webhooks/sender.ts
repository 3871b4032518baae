import type { Database } from '../database.ts';
import { type Delivery, deliver, type WebhookTarget } from './delivery.ts';

/** Milliseconds between two looks into the outbox. */
const period = 1000;

/** Deliveries under way at once: a dead address must not fill the process with sockets. */
const atOnce = 4;

export interface SenderOptions {
  /** Told of each try that failed, without secrets. */
  onFailure?: (line: string) => void;
}

/**
 * Sends what waits in the outbox until the returned function is called. No request waits for it: an operation only adds
 * a row. Any number of processes may do it, because the database hands each row to one at a time. What fails, or was
 * under way when the process died, is due again after a pause that doubles from 10 s.
 */
export function startWebhooks(database: Database, target: WebhookTarget, options: SenderOptions = {}) {
  const stop = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let round = Promise.resolve();

  async function send(delivery: Delivery): Promise<void> {
    const error = await deliver(delivery, target, stop.signal);
    // Not its fault: it stays due.
    if (stop.signal.aborted && error !== undefined) return;
    const { project_id, approval_id } = delivery;
    if (error !== undefined) options.onFailure?.(`The webhook did not take approval ${approval_id}: ${error}.`);
    await database.call('settle_webhook', {
      p_project_id: project_id,
      p_approval_id: approval_id,
      p_error: error ?? null,
    });
  }

  async function sendAll(): Promise<void> {
    for (let taken = atOnce; taken === atOnce && !stop.signal.aborted; ) {
      const args = { p_limit: atOnce, p_with_links: target.publicUrl !== undefined };
      const deliveries = (await database.call('take_webhooks', args)) as Delivery[];
      taken = deliveries.length;
      await Promise.all(deliveries.map(send));
    }
  }

  function look(): void {
    round = sendAll()
      // Nothing is lost: the next look finds it.
      .catch(() => {})
      .then(() => {
        if (!stop.signal.aborted) timer = setTimeout(look, period).unref();
      });
  }

  look();
  return async (): Promise<void> => {
    stop.abort();
    clearTimeout(timer);
    await round;
  };
}

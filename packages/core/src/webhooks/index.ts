import type { Config } from '../config.ts';
import type { WebhookTarget } from './delivery.ts';

export type { WebhookTarget } from './delivery.ts';
export { type SenderOptions, startWebhooks } from './sender.ts';

/** What the configuration says of the webhook; undefined when there is none. */
export function webhookOf({ webhook_url, webhook_secret, public_url }: Config): WebhookTarget | undefined {
  if (webhook_url === undefined || webhook_secret === undefined) return undefined;
  return { url: webhook_url, secret: webhook_secret, publicUrl: public_url };
}

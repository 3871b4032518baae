import { createHmac } from 'node:crypto';

/** Where the operator wants to be told, and how. All of it comes from the configuration, nothing from a caller. */
export interface WebhookTarget {
  url: string;
  secret: string;
  /** Address under which people reach the HTTP server; without it no link is sent. */
  publicUrl?: string | undefined;
}

/** A row of the outbox, as `coord.take_webhooks` hands it out. */
export interface Delivery {
  project_id: number;
  approval_id: string;
  /** Token of a link that was made for this try; null when none was asked for. */
  token: string | null;
  project: string;
  action_type: string;
  description: string;
  risk: string;
  payload_hash: string;
  requested_by: string;
  requested_at: string;
  expires_at: string;
}

/** Milliseconds that the other side has to take it; well below the pause before it is due again. */
const answerWithin = 5000;

/**
 * Posts one approval, signed as standardwebhooks.com has it. Answers why it was not taken; undefined when it was. The
 * payload is not sent: it may hold what a chat should not, and the page shows it. Redirects are not followed, so that
 * nobody but the configured address gets the link, and what the other side says is neither read nor kept.
 */
export async function deliver(
  delivery: Delivery,
  { url, secret, publicUrl }: WebhookTarget,
  stopped: AbortSignal,
): Promise<string | undefined> {
  const body = bodyOf(delivery, publicUrl);
  const timestamp = String(Math.floor(Date.now() / 1000));
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'agentcoord',
    'webhook-id': delivery.approval_id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature(secret, `${delivery.approval_id}.${timestamp}.${body}`)}`,
  };
  const signal = AbortSignal.any([stopped, AbortSignal.timeout(answerWithin)]);
  try {
    const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
    await response.body?.cancel();
    return response.ok ? undefined : `HTTP ${response.status}`;
  } catch (error) {
    return wordsOf(error);
  }
}

function bodyOf({ token, project_id: _, ...approval }: Delivery, publicUrl: string | undefined): string {
  const link = token === null || publicUrl === undefined ? null : `${publicUrl}/a/${token}`;
  return JSON.stringify({ type: 'approval.requested', timestamp: approval.requested_at, data: { ...approval, link } });
}

/** HMAC-SHA256; a secret that begins with `whsec_` is base64 after that, any other is taken as it is. */
function signature(secret: string, text: string): string {
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : secret;
  return createHmac('sha256', key).update(text).digest('base64');
}

/** Without the address: many a webhook's is a secret itself. */
function wordsOf(error: unknown): string {
  if ((error as Error).name === 'TimeoutError') return `no answer within ${answerWithin / 1000} s`;
  const { code } = ((error as Error).cause ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : 'not reached';
}

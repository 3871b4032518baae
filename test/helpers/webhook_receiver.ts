import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export const webhookSecret = 'a secret of the tests';

export interface Received {
  headers: IncomingHttpHeaders;
  body: string;
  data: { approval_id: string; link: string | null; [field: string]: unknown };
}

export interface Receiver extends AsyncDisposable {
  url: string;
  received: Received[];
}

/** The other side of a webhook; `answer` ends the response, or does not. */
export async function webhookReceiver(
  answer: (response: ServerResponse, count: number) => void = (response) => response.end(),
): Promise<Receiver> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    received.push({ headers: request.headers, body, data: JSON.parse(body).data });
    answer(response, received.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook/secret-path`,
    received,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What the header must be, reckoned as a receiver does. */
export function expectedSignature({ headers, body }: Received): string {
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  return `v1,${createHmac('sha256', webhookSecret).update(signed).digest('base64')}`;
}

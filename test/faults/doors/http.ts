import { httpTransport, Session } from '@agentcoord/sdk';
import type { OpenWay, WayIn } from './index.ts';

/** Over HTTP, through the SDK. */
export async function throughHttp({ url, api_key = '' }: WayIn): Promise<OpenWay> {
  const session = new Session(httpTransport({ url, apiKey: api_key }), { agent_type: 'http' });
  return { invoker: session, close: () => session.close() };
}

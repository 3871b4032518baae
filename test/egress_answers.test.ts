import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { curl } from './helpers/curl.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';
import { egressProxyFor } from './helpers/egress_proxy.ts';

let db: TestDatabase;
let ann: TestSession;

beforeAll(async () => {
  db = await cloneDatabase();
  ann = await db.session('ann');
  const root = await db.session('root', { trust: 4 });
  await root.setNetworkRule({ rule: 'loopback', action: 'allow', pattern: '127.0.0.1' });
});
afterAll(() => db?.[Symbol.asyncDispose]());

/** What a client behind the proxy is told by a server that answers with these words. */
async function toldOf(answer: string, url: string): Promise<number> {
  const server = createServer((socket) => socket.end(`HTTP/1.1 ${answer}\r\nContent-Length: 0\r\n\r\n`));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { status } = await curl(url, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  server.close();
  return status;
}

test.each(['200 \x01bad', '099 Odd', '200 OK\r\nX: \x01', '101 Switching\r\nUpgrade: x\r\nConnection: Upgrade'])(
  'a client is told when the server answers with what HTTP does not allow, and the next answer passes: %j',
  async (answer) => {
    await using proxy = await egressProxyFor(ann);
    expect([await toldOf(answer, proxy.url), await toldOf('200 OK', proxy.url)]).toEqual([503, 200]);
  },
);

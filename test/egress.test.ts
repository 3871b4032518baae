import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { CoordinationError } from '@agentcoord/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gateOver, type Resolve } from '../packages/cli/src/egress/gate.ts';
import { type ProxyOptions, startProxy } from '../packages/cli/src/egress/proxy.ts';
import { curl } from './helpers/curl.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';
import { egressProxyFor, password } from './helpers/egress_proxy.ts';
import { connected, rawStatus } from './helpers/raw_sockets.ts';

const cleanup = new AsyncDisposableStack();
let db: TestDatabase;
let ann: TestSession;
/** What the server on loopback was asked. */
const seen: { method?: string | undefined; url?: string | undefined; headers: IncomingHttpHeaders; body: string }[] =
  [];
let port: number;

beforeAll(async () => {
  db = cleanup.use(await cloneDatabase());
  ann = await db.session('ann');
  const root = await db.session('root', { trust: 4 });
  await root.setNetworkRule({ rule: 'loopback', action: 'allow', pattern: '127.0.0.1' });
  await root.setNetworkRule({ rule: 'name', action: 'allow', pattern: '*.example.com' });
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { method, url, headers } = request;
    seen.push({ method, url, headers, body });
    response.writeHead(200, { 'x-answer': 'yes', connection: 'x-hop', 'x-hop': 'only to the proxy' });
    response.end(`hello ${url}`);
  });
  port = await listening(server);
  cleanup.defer(() => new Promise((resolve) => server.close(() => resolve()).closeAllConnections()));
});
afterAll(() => cleanup.disposeAsync());

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A proxy for ann that finds names where it is told to. */
const proxyFor = (resolve?: Resolve, more?: Partial<ProxyOptions>) => egressProxyFor(ann, resolve, more);

const to = (address: string) => async () => [{ address, family: address.includes(':') ? 6 : 4 }];

describe('a request', () => {
  test('to an allowed host arrives with body and headers, and without what is for the proxy', async () => {
    await using proxy = await proxyFor();
    const { status, body } = await curl(proxy.url, '-d', 'x=1', '-H', 'X-Mine: 1', `http://127.0.0.1:${port}/a?b=c`);
    expect([status, body]).toEqual([200, 'hello /a?b=c']);
    const { method, url, headers, body: sent } = seen.at(-1) ?? { headers: {} as IncomingHttpHeaders };
    expect([method, url, sent, headers['x-mine'], headers.host]).toEqual([
      'POST',
      '/a?b=c',
      'x=1',
      '1',
      `127.0.0.1:${port}`,
    ]);
    expect(Object.keys(headers)).not.toContain('proxy-authorization');
    expect(Object.keys(headers)).not.toContain('proxy-connection');
  });

  test('through a tunnel reaches an allowed host', async () => {
    await using proxy = await proxyFor();
    const { status, connect: tunnel, body } = await curl(proxy.url, '-p', `http://127.0.0.1:${port}/tunnel`);
    expect([status, tunnel, body]).toEqual([200, 200, 'hello /tunnel']);
  });

  test.each(['http', 'tunnel'])('to a host that no rule allows is refused with the envelope, by %s', async (way) => {
    const refused: string[] = [];
    await using proxy = await proxyFor(undefined, { onRefused: (host) => refused.push(host) });
    const args = way === 'tunnel' ? ['-p', '--proxy-header', 'X: y'] : [];
    const { status, connect: tunnel, body } = await curl(proxy.url, ...args, 'http://evil.test/');
    expect(way === 'tunnel' ? tunnel : status).toBe(403);
    expect(refused).toEqual(['evil.test']);
    if (way === 'tunnel') return;
    expect(JSON.parse(body)).toMatchObject({
      error: { code: 'forbidden', hint: expect.any(String), details: { host: 'evil.test', reason: 'no_rule' } },
    });
  });

  test('asks for the host that was checked, whatever its Host header says', async () => {
    await using proxy = await proxyFor();
    await curl(proxy.url, '-H', 'Host: internal.example.org', `http://127.0.0.1:${port}/`);
    expect(seen.at(-1)?.headers.host).toBe(`127.0.0.1:${port}`);
  });

  test('has its body with it, whatever its Connection header says: no second request is hidden there', async () => {
    await using proxy = await proxyFor();
    const hidden = 'GET /hidden HTTP/1.1\r\nHost: evil.example\r\n\r\n';
    const credentials = Buffer.from(`agent:${password}`).toString('base64');
    const start = `GET http://127.0.0.1:${port}/open HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Basic ${credentials}`;
    const framing = `Connection: content-length\r\nContent-Length: ${hidden.length}`;
    expect(await rawStatus(proxy.url, `${start}\r\n${framing}\r\n\r\n${hidden}`)).toBe(200);
    expect(seen.at(-1)).toMatchObject({ url: '/open', body: hidden });
  });

  test('without the password goes nowhere', async () => {
    await using proxy = await proxyFor();
    const bare = proxy.url.replace(/agent:[^@]*@/, '');
    const before = seen.length;
    expect((await curl(bare, `http://127.0.0.1:${port}/`)).status).toBe(407);
    expect((await curl(bare, '-p', `http://127.0.0.1:${port}/`)).connect).toBe(407);
    const wrong = proxy.url.replace(password, 'wrong');
    expect((await curl(wrong, `http://127.0.0.1:${port}/`)).status).toBe(407);
    expect(seen.length).toBe(before);
  });

  test('that does not name a place in the way of a proxy is refused', async () => {
    await using proxy = await proxyFor();
    const authorization = `Basic ${Buffer.from(`agent:${password}`).toString('base64')}`;
    const direct = proxy.url.replace(/agent:[^@]*@/, '');
    for (const [line, status] of [
      ['GET / HTTP/1.1', 400],
      ['GET https://127.0.0.1/ HTTP/1.1', 400],
      ['CONNECT 127.0.0.1 HTTP/1.1', 400],
      ['CONNECT user@127.0.0.1:80 HTTP/1.1', 400],
    ] as const) {
      expect([
        line,
        await rawStatus(direct, `${line}\r\nHost: x\r\nProxy-Authorization: ${authorization}\r\n\r\n`),
      ]).toEqual([line, status]);
    }
  });

  test.each([
    ['2130706433', '2130706434'],
    ['0x7f.1', '0x7f.2'],
    ['0177.0.0.1', '0177.0.0.2'],
    ['127.1', '127.2'],
  ])('to %s is one to 127.0.0.1, to %s is not', async (host, other) => {
    await using proxy = await proxyFor();
    expect((await curl(proxy.url, '-p', `http://${host}:${port}/`)).status).toBe(200);
    expect((await curl(proxy.url, `http://${other}:${port}/`)).status).toBe(403);
  });
});

describe('a name', () => {
  test('is not looked up before it is allowed', async () => {
    const asked: string[] = [];
    await using proxy = await proxyFor(async (host) => {
      asked.push(host);
      return [{ address: '127.0.0.1', family: 4 }];
    });
    expect((await curl(proxy.url, 'http://secret-data.evil.test/')).status).toBe(403);
    expect(asked).toEqual([]);
    expect((await curl(proxy.url, `http://a.example.com:${port}/`)).status).toBe(200);
    expect(asked).toEqual(['a.example.com']);
    expect(seen.at(-1)?.headers.host).toBe(`a.example.com:${port}`);
  });

  test.each(['127.0.0.2', '10.0.0.1', '::1', '::ffff:127.0.0.2', '169.254.169.254'])(
    'that leads to the private address %s is refused',
    async (address) => {
      await using proxy = await proxyFor(to(address));
      const { status, body } = await curl(proxy.url, `http://a.example.com:${port}/`);
      expect([status, JSON.parse(body).error.details.reason]).toEqual([403, 'private_address']);
      expect((await curl(proxy.url, '-p', `http://a.example.com:${port}/`)).connect).toBe(403);
    },
  );

  test('that changes its mind after the check does not matter: the address that was checked is used', async () => {
    let calls = 0;
    const answers = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];
    await using proxy = await proxyFor(async () => [{ address: answers[calls++] ?? '10.0.0.1', family: 4 }]);
    expect((await curl(proxy.url, `http://a.example.com:${port}/`)).status).toBe(200);
    expect(calls).toBe(1);
    expect((await curl(proxy.url, `http://a.example.com:${port}/`)).status).toBe(403);
    expect(calls).toBe(2);
  });

  test('without an address, and a server that does not answer, are no refusals of a rule', async () => {
    await using proxy = await proxyFor(async () => []);
    const { status, body } = await curl(proxy.url, 'http://a.example.com/');
    expect([status, JSON.parse(body).error.code]).toEqual([503, 'unavailable']);
    await using direct = await proxyFor();
    const silent = createServer();
    const closed = await listening(silent);
    await new Promise((resolve) => silent.close(resolve));
    expect((await curl(direct.url, `http://127.0.0.1:${closed}/`)).status).toBe(503);
    expect((await curl(direct.url, '-p', `http://127.0.0.1:${closed}/`)).connect).toBe(503);
  });
});

describe('the proxy', () => {
  test.each([
    ['that is away', new CoordinationError({ code: 'unavailable', message: 'away', hint: 'later' }), 503],
    [
      'that does not know the agent',
      new CoordinationError({ code: 'unauthenticated', message: 'who?', hint: '', details: {} }),
      403,
    ],
    ['that is broken', new TypeError('x is not a function'), 500],
  ])('lets nothing through with a coordinator %s', async (_, error, expected) => {
    const proxy = await startProxy({ gate: gateOver({ checkNetwork: () => Promise.reject(error) }), password });
    const before = seen.length;
    const { status, body } = await curl(proxy.url, `http://127.0.0.1:${port}/`);
    expect(status).toBe(expected);
    expect(body).not.toContain('is not a function');
    expect((await curl(proxy.url, '-p', `http://127.0.0.1:${port}/`)).connect).toBe(expected);
    expect(seen.length).toBe(before);
    await proxy.close();
  });

  test('lets the coordinator itself be reached without a rule, at its port alone', async () => {
    const never = { checkNetwork: async () => ({ allowed: false, hint: 'no' }) as never };
    const gate = gateOver(never, { own: { host: '127.0.0.1', port } });
    const proxy = await startProxy({ gate, password });
    expect((await curl(proxy.url, `http://127.0.0.1:${port}/`)).status).toBe(200);
    expect((await curl(proxy.url, `http://127.0.0.1:${port + 1}/`)).status).toBe(403);
    await proxy.close();
  });

  test('closes at once, with the tunnels that are open', async () => {
    const proxy = await proxyFor();
    const { port: at } = new URL(proxy.url);
    const socket = connect(Number(at), '127.0.0.1');
    const authorization = Buffer.from(`agent:${password}`).toString('base64');
    socket.write(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\nProxy-Authorization: Basic ${authorization}\r\n\r\n`);
    await once(socket, 'data');
    const ended = once(socket.resume(), 'close');
    const begun = performance.now();
    await proxy[Symbol.asyncDispose]();
    await ended;
    expect(performance.now() - begun).toBeLessThan(2000);
  });

  test('takes in 512 connections, and not one more', async () => {
    await using proxy = await proxyFor();
    const { port: at } = new URL(proxy.url);
    const sockets: Socket[] = [];
    for (let count = 0; count < 512; count++) sockets.push(await connected(Number(at)));
    const [last] = [connect(Number(at), '127.0.0.1').on('error', () => {})];
    await once(last.resume(), 'close');
    for (const socket of sockets) socket.destroy();
  });
});

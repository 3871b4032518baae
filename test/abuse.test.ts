import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { listen } from '@agentcoord/http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type HttpServer, startHttpServer } from './doors/http_server.ts';
import { cloneDatabase, type TestDatabase } from './helpers/database.ts';
import { appOf, bearer, closeApps, databaseOf, keyOf, key as knownKey } from './helpers/http_door.ts';

const cleanup = new AsyncDisposableStack();
let db: TestDatabase;
let server: HttpServer;
let key: string;

beforeAll(async () => {
  db = cleanup.use(await cloneDatabase());
  server = cleanup.use(await startHttpServer(db));
  key = await server.keyFor({ agent: 'ann', project: 'test', trust: 2 });
});
afterAll(async () => {
  await closeApps();
  await cleanup.disposeAsync();
});

/** A connection that says what it is told, and keeps what it hears. */
async function open(text: string): Promise<{ socket: Socket; heard: () => string; closed: Promise<number> }> {
  const begun = Date.now();
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  let heard = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    heard += chunk;
  });
  socket.on('error', () => {});
  const closed = new Promise<number>((resolve) => socket.once('close', () => resolve(Date.now() - begun)));
  cleanup.defer(() => void socket.destroy());
  socket.write(text);
  return { socket, heard: () => heard, closed };
}

const headers = () => `Host: 127.0.0.1\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\n`;

describe('who sends a byte at a time', () => {
  test('is cut off, and holds nobody up meanwhile', async () => {
    const lines = await Promise.all(
      Array.from({ length: 200 }, () => open('POST /v1/locks/acquire HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ')),
    );
    const body = await open(`POST /v1/locks/acquire HTTP/1.1\r\n${headers()}Content-Length: 1000\r\n\r\n{`);
    const drip = setInterval(() => {
      for (const { socket } of [...lines, body]) if (socket.writable) socket.write('a');
    }, 1000);
    cleanup.defer(() => clearInterval(drip));
    const asked = Date.now();
    const answer = await fetch(`${server.url}/v1/board`, { headers: { authorization: `Bearer ${key}` } });
    expect(answer.status).toBe(200);
    expect(Date.now() - asked).toBeLessThan(5000);
    const within = Math.max(...(await Promise.all(lines.map(({ closed }) => closed))));
    expect(within).toBeLessThan(20_000);
    expect(lines[0]?.heard()).toContain(' 408 ');
    expect(await body.closed).toBeLessThan(45_000);
    expect(body.heard()).toContain(' 408 ');
  }, 60_000);
});

describe('Host and Origin', () => {
  const paths = [
    ...['/v1/board', '/v1/events', '/mcp', '/docs', '/docs/static/index.html', '/openapi.json', '/livez', '/readyz'],
    ...[`/a/1-${'x'.repeat(43)}`, '/nothing', '/'],
  ];
  const foreign = [
    ['Host: evil.example', 'Host: evil.example\r\n'],
    ['Host: 127.0.0.1.evil.example', 'Host: 127.0.0.1.evil.example\r\n'],
    ['no Host', ''],
    ['a port that is none', 'Host: localhost:99999\r\n'],
    ['a long port', 'Host: localhost:0000080\r\n'],
    ['Origin: http://evil.example', 'Host: 127.0.0.1\r\nOrigin: http://evil.example\r\n'],
    ['Origin: null', 'Host: 127.0.0.1\r\nOrigin: null\r\n'],
    ['another port of this machine as Origin', 'Host: 127.0.0.1\r\nOrigin: http://127.0.0.1:3000\r\n'],
  ] as const;

  test.each(paths)('of other sites are refused at %s, whatever the method', async (path) => {
    for (const [what, lines] of foreign) {
      for (const method of ['GET', 'POST', 'OPTIONS']) {
        const authorization = `Authorization: Bearer ${key}\r\n`;
        const { heard, closed } = await open(
          `${method} ${path} HTTP/1.1\r\n${lines}${authorization}Content-Length: 0\r\nConnection: close\r\n\r\n`,
        );
        await closed;
        expect([what, method, heard().split(' ')[1]]).toEqual([what, method, '403']);
        expect(heard().toLowerCase()).not.toContain('access-control-allow');
      }
    }
  });

  test('an upgrade and a request for a proxy get no further', async () => {
    const tries = [
      ['GET http://evil.example/v1/board HTTP/1.1\r\nHost: evil.example\r\n', [403]],
      ['CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n', []],
      ['GET /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n', [401, 426]],
    ] as const;
    for (const [request, allowed] of tries) {
      const close = request.includes('Upgrade') ? '' : 'Connection: close\r\n';
      const { heard, socket } = await open(`${request}${close}\r\n`);
      await Promise.race([new Promise((resolve) => socket.once('close', resolve)), sleep(1000)]);
      const status = heard() === '' ? [] : [Number(heard().split(' ')[1])];
      for (const code of status) expect(allowed as readonly number[]).toContain(code);
      socket.destroy();
    }
  });
});

describe('one key', () => {
  test('has 200 streams and 200 waits at most, whichever way it opens them, and another one is not concerned', async () => {
    const other = await server.keyFor({ agent: 'bob', project: 'test', trust: 2 });
    const ending = new AbortController();
    const stream = (bearer: string) =>
      fetch(`${server.url}/v1/events`, { headers: { authorization: `Bearer ${bearer}` }, signal: ending.signal });
    const opened = await Promise.all(Array.from({ length: 210 }, () => stream(key)));
    const statuses = opened.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(200);
    expect(statuses.filter((status) => status === 429)).toHaveLength(10);
    expect((await stream(other)).status).toBe(200);
    ending.abort();
    const waits = await Promise.all(
      Array.from({ length: 210 }, () =>
        fetch(`${server.url}/v1/tasks/claim`, {
          method: 'POST',
          headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
          body: '{"types":["nobody-makes-this"],"wait_seconds":3}',
        }),
      ),
    );
    expect(waits.filter(({ status }) => status === 429)).toHaveLength(10);
  }, 60_000);
});

describe('guessing keys', () => {
  test('from an address that everybody shares does not keep out a key that is new here', async () => {
    const app = await appOf({ rateLimit: { max: 3, windowSeconds: 60 }, database: databaseOf() });
    const url = await listen(app, { port: 0 });
    const ask = (bearerKey: string) => fetch(`${url}/v1/board`, { headers: bearer(bearerKey) });
    const guess = () => keyOf('zzzzzzzzzzzz', randomBytes(32).toString('hex'));
    for (let number = 0; number < 5; number++) await ask(guess());
    expect((await ask(guess())).status).toBe(429);
    const [rights] = await Promise.all([ask(knownKey), ...Array.from({ length: 30 }, () => ask(guess()))]);
    expect(rights.status).toBe(200);
  });

  test('is asked of the database one at a time once there were too many, and sent away when the line is long', async () => {
    let [now, most] = [0, 0];
    const database = databaseOf();
    const call = database.call.bind(database);
    database.call = async (name, args) => {
      now++;
      most = Math.max(most, now);
      await sleep(5);
      now--;
      return call(name, args);
    };
    const app = await appOf({ rateLimit: { max: 1, windowSeconds: 60 }, database });
    const guess = () =>
      app.inject({ url: '/v1/board', headers: bearer(keyOf('zzzzzzzzzzzz', randomBytes(32).toString('hex'))) });
    for (let number = 0; number < 3; number++) await guess();
    most = 0;
    const answers = await Promise.all(Array.from({ length: 100 }, guess));
    expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([429]));
    expect(most).toBe(1);
    expect(database.calls.length).toBeLessThan(60);
  });

  test('costs pages nothing, and reading pages keeps no key out', async () => {
    const app = await appOf({ rateLimit: { max: 2, windowSeconds: 60 } });
    const page = async () => (await app.inject('/openapi.json')).statusCode;
    expect([await page(), await page(), await page()]).toEqual([200, 200, 429]);
    expect((await app.inject({ url: '/v1/board', headers: bearer(knownKey) })).statusCode).toBe(200);
  });
});

describe('one key with many slow calls', () => {
  test('leaves connections to the others, and its calls that come after too many others are refused', async () => {
    const [bob, cid] = await Promise.all(
      ['bob', 'cid'].map((agent) => server.keyFor({ agent, project: 'test', trust: 2 })),
    );
    const post = (bearer: string, path: string, body: object) =>
      fetch(`${server.url}/v1/${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    await Promise.all([bob, cid].map((bearer) => post(bearer as string, 'locks/acquire', { paths: ['warm.ts'] })));
    // Whatever records a decision waits here as long as the test likes.
    await using held = await db.sql
      .reserve()
      .then((sql) => ({ sql, [Symbol.asyncDispose]: async () => sql.release() }));
    await held.sql`begin`;
    await held.sql`lock table coord.decisions in access exclusive mode`;
    const slow = Array.from({ length: 230 }, () =>
      post(bob as string, 'decisions', { type: 'slow', context: 'slow', reason: 'slow' }),
    );
    await sleep(500);
    for (let round = 0; round < 5; round++) {
      const asked = Date.now();
      const answer = await post(cid as string, 'locks/acquire', { paths: ['quick.ts'] });
      expect([answer.status, Date.now() - asked < 1000]).toEqual([200, true]);
    }
    await held.sql`rollback`;
    const statuses = (await Promise.all(slow)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 429)).toHaveLength(25);
    expect(statuses.filter((status) => status === 200)).toHaveLength(205);
  }, 30_000);
});

import { once } from 'node:events';
import { connect } from 'node:net';
import { operations, routeOf } from '@agentcoord/contract';
import { listen, type Mount } from '@agentcoord/http';
import { afterEach, describe, expect, it } from 'vitest';
import { appOf, bearer, closeApps, databaseOf, get, json, key, post } from './helpers/http_door.ts';

afterEach(closeApps);

/** Sends bytes as they are and reads what comes back until the server ends the connection. */
async function exchange(address: string, text: string): Promise<{ status: number; body: string }> {
  const socket = connect(Number(new URL(address).port), '127.0.0.1');
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    answer += chunk;
  });
  socket.end(text);
  await once(socket, 'close');
  return { status: Number(answer.split(' ')[1]), body: answer.slice(answer.indexOf('\r\n\r\n') + 4) };
}

describe('what is no proper request still gets the envelope', () => {
  const cases = {
    'headers of more than 16 KiB': [431, `GET /livez HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`],
    'no HTTP at all': [400, 'hello\r\n\r\n'],
    'no Host': [403, 'GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n'],
    'an expectation': [417, 'GET /livez HTTP/1.1\r\nHost: localhost\r\nExpect: gold\r\nConnection: close\r\n\r\n'],
  } as const;
  it.each(Object.entries(cases))('%s', async (_title, [status, text]) => {
    const address = await listen(await appOf(), { port: 0 });
    const answer = await exchange(address, text);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toMatchObject({ status, error: { hint: expect.stringMatching(/\w/) } });
  });

  it.each([1_048_577, 8_000_000])('a body of %i bytes from a client that sends it all', async (length) => {
    const address = await listen(await appOf(), { port: 0 });
    const body = 'x'.repeat(length);
    const answer = await fetch(`${address}/v1/tasks`, { method: 'POST', headers: { ...bearer(key), ...json }, body });
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ error: { code: 'invalid_input' } });
  });
});

describe('listening and closing', () => {
  it('a taken port is a conflict that says what to do', async () => {
    const { port } = new URL(await listen(await appOf(), { port: 0 }));
    await expect(listen(await appOf(), { port: Number(port) })).rejects.toMatchObject({
      code: 'conflict',
      hint: expect.stringContaining('AGENTCOORD_PORT'),
    });
  });

  it('closing lets running requests finish and takes no new ones', async () => {
    const { promise, resolve } = Promise.withResolvers<object>();
    const database = databaseOf(() => promise);
    const app = await appOf({ database });
    const address = await listen(app, { port: 0 });
    const running = fetch(`${address}/v1/board`, { headers: bearer(key) });
    await expect.poll(() => database.calls.length).toBe(2);
    const closed = app.close();
    await expect.poll(() => fetch(`${address}/livez`).catch((error: Error) => error)).toBeInstanceOf(Error);
    resolve({ agents: [] });
    expect(await (await running).json()).toEqual({ agents: [] });
    await closed;
  });
});

describe('health', () => {
  it('is told without a key, and readiness is that of the database', async () => {
    let away = false;
    const app = await appOf({
      database: databaseOf(() => {
        if (away) throw new Error('gone');
        return '1';
      }),
    });
    expect((await app.inject('/readyz')).json()).toEqual({ status: 'ready', version: '1.2.3' });
    away = true;
    const answer = await app.inject('/readyz');
    expect(answer.statusCode).toBe(503);
    expect(answer.json().error).toMatchObject({ code: 'unavailable', hint: expect.stringContaining('doctor') });
    expect((await app.inject('/livez')).json()).toEqual({ status: 'alive', version: '1.2.3', pid: process.pid });
  });

  it('is not ready when the database stays silent for 2 s', async () => {
    const app = await appOf({ ready: () => new Promise(() => {}) });
    expect((await app.inject('/readyz')).statusCode).toBe(503);
  });
});

describe('mounts', () => {
  const operation = operations.find(({ name }) => name === 'get_task_board') as (typeof operations)[number];
  const mount: Mount = {
    path: '/echo',
    async handle(request, response, invoker, body) {
      if (request.headers['x-fail']) throw new Error('password=hunter2');
      response.end(JSON.stringify({ body, board: await invoker.invoke(operation, {}) }));
    },
  };

  it('get the parsed body and call operations as the key of the request', async () => {
    const database = databaseOf((name) => ({ name }));
    const app = await appOf({ database, mounts: [mount] });
    const answer = await app.inject(post('/echo', { id: 1 }));
    expect(answer.json()).toEqual({ body: { id: 1 }, board: { name: 'get_task_board' } });
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(database.calls.at(-1)?.args.p_caller).toEqual({
      key_id: 'abcdefghij01',
      label: 'key:abcdefghij01',
      project_id: 7,
    });
  });

  it('are behind the same checks as operations, and fail in the same form', async () => {
    const app = await appOf({ mounts: [mount] });
    expect((await app.inject({ method: 'POST', url: '/echo' })).statusCode).toBe(401);
    expect((await app.inject(get('/echo', { origin: 'http://evil.example' }))).statusCode).toBe(403);
    const failed = await app.inject(post('/echo', {}, { 'x-fail': '1' }));
    expect(failed.json().error.code).toBe('internal');
    expect(failed.body).not.toContain('hunter2');
  });
});

describe('names and pages', () => {
  it('further hosts and origins are let in when they are allowed', async () => {
    const app = await appOf({ allowedHosts: ['coord.example'], allowedOrigins: ['https://board.example'] });
    const status = async (headers: Record<string, string>) => (await app.inject(get('/v1/board', headers))).statusCode;
    expect(await status({ host: 'coord.example' })).toBe(200);
    expect(await status({ host: 'COORD.example:443', origin: 'https://coord.example:443' })).toBe(200);
    expect(await status({ host: '[::1]:8787', origin: 'https://board.example' })).toBe(200);
    expect(await status({ host: 'coord.example.evil' })).toBe(403);
    expect(await status({ origin: 'null' })).toBe(403);
  });

  it('the OpenAPI document describes every route, and each reference in it leads somewhere', async () => {
    const app = await appOf();
    const document = (await app.inject('/openapi.json')).json();
    expect(document.openapi).toBe('3.1.0');
    for (const operation of operations) {
      const { method, path, pathFields } = routeOf(operation);
      const described = document.paths[`/v1${path}`][method.toLowerCase()];
      expect(described).toMatchObject({ operationId: operation.name, tags: [operation.toolset] });
      const named = described.parameters.filter((field: { in?: string }) => field.in === 'path');
      expect(named.map((field: { name: string }) => field.name)).toEqual(pathFields);
    }
    for (const [, kind, name] of JSON.stringify(document).matchAll(/"#\/components\/(\w+)\/(\w+)"/g)) {
      expect(document.components[kind as string]).toHaveProperty(name as string);
    }
  });

  it('is all that the page gives as JSON or YAML', async () => {
    const app = await appOf();
    const { payload } = await app.inject('/openapi.json');
    for (const type of ['json', 'yaml']) {
      const { statusCode, headers, payload: same } = await app.inject(`/docs/${type}`);
      expect([statusCode, headers['content-type']]).toEqual([200, expect.stringContaining(type)]);
      expect(same).toBe(payload);
    }
  });

  it('the page at /docs loads from the server alone', async () => {
    const app = await appOf();
    const page = await app.inject('/docs');
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-security-policy']).toContain("default-src 'self'");
    for (const [, path] of page.body.matchAll(/(?:src|href)="([^"]+)"/g)) {
      expect((await app.inject(path as string)).statusCode, path).toBe(200);
    }
  });
});

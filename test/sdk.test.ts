import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CoordinationError, coordinatorOver, type Operation, type Transport } from '@agentcoord/contract';
import { httpTransport, Session } from '@agentcoord/sdk';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

const apiKey = 'ac_0123456789ab_h1dden';
const taskId = '019a8e7c-2f64-7cc1-9d0e-5a1b2c3d4e5f';

const failure = (call: Promise<unknown>): Promise<CoordinationError> =>
  call.then(
    () => expect.unreachable('the call was answered'),
    (error: unknown) => {
      expect(error).toBeInstanceOf(CoordinationError);
      expect(`${JSON.stringify(error)} ${(error as Error).stack}`).not.toContain('h1dden');
      return error as CoordinationError;
    },
  );

describe('a transport over HTTP', () => {
  let server: Server;
  let url: string;
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  let seen: { method: string; target: string; headers: IncomingMessage['headers']; body: string }[];

  beforeEach(async () => {
    seen = [];
    answer = (_request, response) => response.end('{}');
    server = createServer(async (request, response) => {
      const body = (await request.toArray()).join('');
      seen.push({ method: request.method ?? '', target: request.url ?? '', headers: request.headers, body });
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(() => new Promise((resolve) => server.close(resolve)));

  const coordinator = () => coordinatorOver(httpTransport({ url: `${url}/`, apiKey }));

  test('a read goes into the query, lists as repeated parameters', async () => {
    await coordinator().checkLocks({ paths: ['a b.ts', 'c.ts'], limit: 5 });
    expect(seen).toMatchObject([{ method: 'GET', target: '/v1/locks?paths=a+b.ts&paths=c.ts&limit=5', body: '' }]);
  });

  test('a write goes into the body, but for what the path says', async () => {
    await coordinator().completeWork({ task_id: taskId, claim_token: 7 });
    expect(seen).toMatchObject([{ method: 'POST', target: `/v1/tasks/${taskId}/complete`, body: '{"claim_token":7}' }]);
  });

  test('key, session and idempotency key travel as headers', async () => {
    const transport = httpTransport({ url, apiKey });
    await transport.invoke(
      { name: 'x', http: 'POST /x', input: { shape: {} } } as unknown as Operation,
      {},
      {
        session_id: taskId,
        idempotency_key: 'once',
      },
    );
    expect(seen[0]?.headers).toMatchObject({
      authorization: `Bearer ${apiKey}`,
      'agentcoord-session': taskId,
      'idempotency-key': 'once',
    });
  });

  test('what cannot stand in a URL is refused before anything is sent', async () => {
    const { code, message } = await failure(coordinator().getTask({ task_id: '../keys' }));
    expect([code, message]).toEqual(['invalid_input', expect.stringContaining('task_id: must be a UUID')]);
    expect((await failure(coordinator().checkLocks({ paths: ['a\ud800'] }))).code).toBe('invalid_input');
    expect(seen).toEqual([]);
  });

  test('the envelope in a problem document becomes the error', async () => {
    const error = { code: 'conflict', message: 'Passed on.', hint: 'Stop.', details: { claim_token: 8 } };
    answer = (_request, response) => response.writeHead(409).end(JSON.stringify({ title: 'Conflict', error }));
    expect((await failure(coordinator().getTaskBoard())).toJSON()).toEqual({ error });
  });

  test.each([
    [200, '<html>hello</html>', 'internal'],
    [404, '{"error":"no such page"}', 'internal'],
    [502, 'Bad gateway', 'unavailable'],
  ])('an answer %i that no coordinator gives names the address', async (status, body, code) => {
    answer = (_request, response) => response.writeHead(status).end(body);
    const error = await failure(coordinator().getTaskBoard());
    expect(error.code).toBe(code);
    expect(error.hint).toContain(url);
  });

  test('a server that is not there is unavailable, and may be there later', async () => {
    const error = await failure(coordinatorOver(httpTransport({ url: 'http://127.0.0.1:1', apiKey })).getTaskBoard());
    expect(error).toMatchObject({ code: 'unavailable', retryable: true });
    expect(error.message).toContain('http://127.0.0.1:1');
  });

  test.each(['', 'ac_h1dden\n', 'ac_h1dden ☂'])(
    'the unusable key %j is refused without being repeated',
    async (key) => {
      const error = await failure((async () => httpTransport({ url, apiKey: key }))());
      expect(error.code).toBe('unauthenticated');
    },
  );

  test.each(['coordinator', 'ftp://host', 'http://user:h1dden@host'])('%s is no address', async (address) => {
    expect(await failure((async () => httpTransport({ url: address, apiKey }))()).then((error) => error.code)).toBe(
      'invalid_input',
    );
  });
});

describe('a session', () => {
  const gone = new CoordinationError({
    code: 'unauthenticated',
    message: 'This session has ended.',
    hint: 'Register again.',
    details: { reason: 'session_ended' },
  });
  const away = new CoordinationError({ code: 'unavailable', message: 'Away.', hint: 'Wait.' });

  let calls: { name: string; session_id: string | undefined }[];
  let registrations: number;
  let state: 'up' | 'away';
  let ended: Set<string | undefined>;

  /** Lets a server vanish and forget sessions at moments that no real one can be brought to at will. */
  const transport: Transport = {
    async invoke({ name }, _input, { session_id } = {}) {
      await Promise.resolve();
      calls.push({ name, session_id });
      if (state === 'away') throw away;
      if (name === 'register_session') return { session_id: `session-${++registrations}` };
      if (ended.has(session_id)) throw gone;
      return { session_id, renewed_claims: 0 };
    },
    close: async () => {},
  };

  beforeEach(() => {
    vi.useFakeTimers();
    [calls, registrations, state, ended] = [[], 0, 'up', new Set()];
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  const named = (name: string) => calls.filter((call) => call.name === name);

  test('callers that find it gone share one new registration', async () => {
    const onLapsed = vi.fn();
    const session = new Session(transport, { onLapsed });
    await session.open();
    ended.add('session-1');
    await Promise.all([session.coordinator.getTaskBoard(), session.coordinator.discoverAgents()]);
    expect(registrations).toBe(2);
    expect(onLapsed).toHaveBeenCalledExactlyOnceWith(gone);
    expect(session.lapsed).toBe(gone);
    expect(calls.filter((call) => call.session_id === 'session-2')).toHaveLength(2);
  });

  test('a call is repeated once, not for ever', async () => {
    const session = new Session(transport);
    ended.add('session-1').add('session-2');
    expect(await failure(session.coordinator.getTaskBoard())).toBe(gone);
    expect(registrations).toBe(2);
  });

  test('a server that was away at the start is found by a later call', async () => {
    state = 'away';
    const session = new Session(transport);
    expect(await failure(session.coordinator.getTaskBoard())).toBe(away);
    state = 'up';
    await session.coordinator.getTaskBoard();
    expect(registrations).toBe(1);
  });

  test('it beats every 15 s while it is used, and lets go of an idle process', async () => {
    const session = new Session(transport, { idleLimitSeconds: 60 });
    await session.coordinator.getTaskBoard();
    await vi.advanceTimersByTimeAsync(46_000);
    expect(named('heartbeat')).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(named('heartbeat')).toHaveLength(3);
    await session.coordinator.getTaskBoard();
    await vi.advanceTimersByTimeAsync(16_000);
    expect(named('heartbeat')).toHaveLength(4);
  });

  test('a heartbeat that finds it gone leaves registering to the next call', async () => {
    const session = new Session(transport);
    await session.open();
    ended.add('session-1');
    await vi.advanceTimersByTimeAsync(120_000);
    expect([registrations, named('heartbeat').length]).toEqual([1, 1]);
    await session.coordinator.getTaskBoard();
    expect(registrations).toBe(2);
  });

  test('closing ends it once, and never throws because the server is away', async () => {
    const onError = vi.fn();
    const session = new Session(transport, { onError });
    await session.open();
    state = 'away';
    await Promise.all([session.close(), session[Symbol.asyncDispose]()]);
    expect(named('end_session')).toHaveLength(1);
    expect(onError).toHaveBeenCalledExactlyOnceWith(away);
    expect((await failure(session.coordinator.getTaskBoard())).code).toBe('conflict');
  });

  test('one that never opened is closed without a call', async () => {
    await new Session(transport).close();
    expect(calls).toEqual([]);
  });
});

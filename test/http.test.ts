import { hash } from 'node:crypto';
import { CoordinationError } from '@agentcoord/contract';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  type Answers,
  appOf,
  bearer,
  closeApps,
  databaseOf,
  get,
  json,
  key,
  keyOf,
  post,
  taskId,
} from './helpers/http_door.ts';

// Only what is the door's own is tested here: framing, headers, keys, limits. Stories run on a real Postgres elsewhere.

afterEach(async () => {
  vi.restoreAllMocks();
  await closeApps();
});

/** Moves the clock by which the door remembers keys. */
function passTime(milliseconds: number): void {
  const now = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => now() + milliseconds);
}

const complete = `/v1/tasks/${taskId}/complete`;

const failing: Answers = (name) => {
  if (name === 'get_task_board') throw new Error('password=hunter2');
  if (name === 'list_tasks')
    return { error: { code: 'conflict', message: 'Moved on.', hint: 'Stop.', details: { a: 1 } } };
  throw new CoordinationError({ code: 'unavailable', message: 'Away.', hint: 'Wait.' });
};

describe('every failure is a problem that carries the envelope with a hint', () => {
  const cases = {
    'an unknown route': [404, 'not_found', get('/v1/nothing')],
    'an unknown path with a malformed body': [404, 'not_found', post('/v1/nothing', '{', json)],
    'a file that no page has': [404, 'not_found', { method: 'GET', url: '/docs/static/nothing.js' }],
    'a method the path does not have': [405, 'invalid_input', { method: 'DELETE', url: '/v1/locks' }],
    'a body of 1 MiB and one byte': [413, 'invalid_input', post('/v1/tasks', `"${'x'.repeat(1_048_575)}"`, json)],
    'a body that is not JSON by its type': [
      415,
      'invalid_input',
      post('/v1/tasks', '{}', { 'content-type': 'text/plain' }),
    ],
    'malformed JSON': [400, 'invalid_input', post('/v1/tasks', '{"title":', json)],
    'JSON that is not UTF-8': [
      400,
      'invalid_input',
      post('/v1/tasks', Buffer.from('{"title":"\xff"}', 'latin1'), json),
    ],
    'a body that is no object': [400, 'invalid_input', post(complete, '[]', json)],
    'a prototype key': [400, 'invalid_input', post('/v1/tasks', '{"title":"x","__proto__":{}}', json)],
    'a prototype key in the query string': [400, 'invalid_input', get('/v1/tasks?__proto__=x')],
    'an unknown field in the query string': [400, 'invalid_input', get('/v1/tasks?colour=red')],
    'a number that is none': [400, 'invalid_input', get('/v1/tasks?limit=ten')],
    'an empty number': [400, 'invalid_input', get('/v1/tasks?limit=')],
    'a query string with POST': [400, 'invalid_input', post('/v1/tasks?title=x', {})],
    'a body with GET': [400, 'invalid_input', { ...get('/v1/tasks', json), payload: '{"limit":1}' }],
    'a query string that is not UTF-8': [400, 'invalid_input', get('/v1/locks?paths=%FF')],
    'a path that is not UTF-8': [400, 'invalid_input', get('/v1/tasks/%FF')],
    'a path field of 3,000 characters': [414, 'invalid_input', get(`/v1/tasks/${'x'.repeat(3000)}`)],
    'a field that differs from the path': [400, 'invalid_input', post(complete, { task_id: 'other', claim_token: 1 })],
    'a malformed session': [400, 'invalid_input', get('/v1/board', { 'agentcoord-session': 'mine' })],
    'a malformed idempotency key': [
      400,
      'invalid_input',
      post('/v1/tasks', { title: 'x' }, { 'idempotency-key': 'a b' }),
    ],
    'no key': [401, 'unauthenticated', { method: 'GET', url: '/v1/board' }],
    'a foreign name as Host': [403, 'forbidden', get('/v1/board', { host: 'evil.example:8787' })],
    'a foreign Origin': [403, 'forbidden', get('/livez', { origin: 'http://localhost:3000' })],
    'a refusal by the database': [409, 'conflict', get('/v1/tasks')],
    'a database that is away': [503, 'unavailable', get('/v1/agents')],
    'a defect': [500, 'internal', get('/v1/board')],
  } as const;

  it.each(Object.entries(cases))('%s', async (_title, [status, code, request]) => {
    const database = databaseOf(failing);
    const app = await appOf({ database });
    const response = await app.inject(request);
    expect(response.statusCode, response.body).toBe(status);
    expect(response.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    const body = response.json();
    expect(body).toMatchObject({ status, type: `urn:agentcoord:error:${code}`, error: { code } });
    expect(body.detail).toBe(body.error.message);
    expect(body.error.hint).toMatch(/\w+/);
    expect(response.body).not.toContain('hunter2');
    expect('retry-after' in response.headers).toBe(status === 503);
    expect(response.headers.allow).toBe(status === 405 ? 'GET, HEAD' : undefined);
  });

  it('keeps the details of a refusal', async () => {
    const app = await appOf({ database: databaseOf(failing) });
    expect((await app.inject(get('/v1/tasks'))).json().error).toEqual({
      code: 'conflict',
      message: 'Moved on.',
      hint: 'Stop.',
      details: { a: 1 },
    });
  });
});

describe('a request becomes the input of its operation', () => {
  const argsOf = async (request: ReturnType<typeof get> | ReturnType<typeof post>) => {
    const database = databaseOf();
    const response = await (await appOf({ database })).inject(request);
    expect(response.statusCode, response.body).toBe(200);
    return database.calls.find(({ name }) => name !== 'authenticate_key')?.args;
  };

  it('reads repeated parameters as a list and digits as a number', async () => {
    const args = await argsOf(get('/v1/locks?paths=a.ts&paths=b%20c.ts&limit=5'));
    expect(args).toMatchObject({ p_paths: ['a.ts', 'b c.ts'], p_limit: 5 });
    expect(await argsOf(get('/v1/locks?paths=1'))).toMatchObject({ p_paths: ['1'] });
  });

  it('takes fields from path and body, which may repeat the path', async () => {
    const args = await argsOf(post(complete, { task_id: taskId, claim_token: 3 }));
    expect(args).toMatchObject({ p_task_id: taskId, p_claim_token: 3, p_success: true });
  });

  it('takes an empty JSON body as no input', async () => {
    expect(await argsOf(post('/v1/tasks/claim', '', json))).toMatchObject({ p_lease_seconds: 900 });
  });

  it('names key, project, session and idempotency key as the caller', async () => {
    const headers = { 'agentcoord-session': taskId, 'idempotency-key': 'once' };
    const args = await argsOf(post('/v1/locks/release', { paths: ['a'] }, headers));
    const caller = { key_id: 'abcdefghij01', project_id: 7, session_id: taskId, idempotency_key: 'once' };
    expect(args?.p_caller).toMatchObject(caller);
    expect((await argsOf(get('/v1/board')))?.p_caller).toEqual({ key_id: 'abcdefghij01', project_id: 7 });
  });
});

describe('keys', () => {
  it('are refused in the same words, mistyped or unknown, and mistyped ones without asking the database', async () => {
    const database = databaseOf();
    const app = await appOf({ database });
    const mistyped = key.replace('abab', 'abba');
    const tried = [mistyped, key.slice(0, -1), 'secret', keyOf('zzzzzzzzzzzz'), keyOf('abcdefghij02')];
    const answers = await Promise.all(tried.map((text) => app.inject({ url: '/v1/board', headers: bearer(text) })));
    for (const answer of answers) {
      expect(answer.statusCode).toBe(401);
      expect(answer.headers['www-authenticate']).toBe('Bearer');
      expect({ ...answer.json(), instance: '' }).toEqual({ ...answers[0]?.json(), instance: '' });
    }
    expect(database.calls.map(({ args }) => args.p_key_id)).toEqual(['zzzzzzzzzzzz', 'abcdefghij02']);
    expect(database.calls[0]?.args.p_secret_hash).toBe(hash('sha256', 'ab'.repeat(32), 'hex'));
  });

  it('are looked up once for many calls, and a revoked one is refused within 5 s', async () => {
    const database = databaseOf();
    const app = await appOf({ database });
    await Promise.all(Array.from({ length: 20 }, () => app.inject(get('/v1/board'))));
    expect(database.calls.filter(({ name }) => name === 'authenticate_key')).toHaveLength(1);
    database.valid = false;
    passTime(5000);
    expect((await app.inject(get('/v1/board'))).statusCode).toBe(401);
  });

  it('are looked up again at once when the database refuses a call of theirs', async () => {
    const gone = { error: { code: 'unauthenticated', message: 'Gone.', hint: 'Ask.' } };
    const database = databaseOf(() => gone);
    const app = await appOf({ database });
    await app.inject(get('/v1/board'));
    database.valid = false;
    expect((await app.inject(get('/v1/board'))).json().error.message).toBe('The API key is not valid.');
  });

  it('are limited in rate, and guessing is limited by address without holding up known keys', async () => {
    const app = await appOf({ rateLimit: { max: 3, windowSeconds: 60 } });
    const statuses = async (headers: object) => {
      const answers = [];
      for (let i = 0; i < 5; i++) answers.push(await app.inject({ url: '/v1/board', headers: { ...headers } }));
      expect(Number(answers.at(-1)?.headers['retry-after'])).toBeGreaterThan(0);
      expect(answers.at(-1)?.json().error).toMatchObject({ code: 'limit_exceeded' });
      return answers.map((answer) => answer.statusCode);
    };
    expect((await app.inject(get('/v1/board'))).statusCode).toBe(200);
    expect(await statuses(bearer(keyOf('zzzzzzzzzzzz')))).toEqual([401, 401, 401, 429, 429]);
    passTime(5000);
    expect(await statuses(bearer(key))).toEqual([200, 200, 429, 429, 429]);
  });

  it('never reach the log, nor does a query string', async () => {
    let log = '';
    const stream = { write: (line: string) => (log += line) };
    const app = await appOf({ database: databaseOf(failing), logger: { level: 'trace', stream } });
    await app.inject(get('/v1/board?token=abc'));
    await app.inject(get(`/v1/${key}`));
    const { instance } = (await app.inject(get('/v1/board'))).json();
    expect(log).toContain('"path":"/v1/board"');
    expect(log).toContain(instance.split(':').at(-1));
    for (const secret of ['abababab', 'Bearer', 'token=abc']) expect(log).not.toContain(secret);
  });
});

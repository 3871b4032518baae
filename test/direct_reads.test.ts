import { type Coordinator, methodName, operations } from '@agentcoord/contract';
import { connect, httpTransport, readingDirectly, type Session } from '@agentcoord/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type HttpServer, startHttpServer } from './doors/http_server.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';
import { exampleInput, type World, worldOf } from './helpers/example_inputs.ts';
import { isPostgrestMissing, publishableKey, startPostgrest, userToken } from './helpers/postgrest.ts';

const missing = isPostgrestMissing();
if (missing) console.log(`Direct reads: not tried, because ${missing}`);

const member = '11111111-1111-4111-8111-111111111111';
const direct = operations.filter((operation) => operation.direct);

describe.skipIf(missing)('a client that reads directly', () => {
  const cleanup = new AsyncDisposableStack();
  let db: TestDatabase;
  let server: HttpServer;
  let admin: TestSession;
  let url: string;
  let api_key: string;
  let world: World;

  beforeAll(async () => {
    db = cleanup.use(await cloneDatabase());
    server = cleanup.use(await startHttpServer(db));
    admin = await db.session('admin', { trust: 4 });
    world = await worldOf(admin);
    await (await db.session('stranger', { project: 'elsewhere' })).submitWork({ title: 'theirs' });
    await admin.addProjectMember({ user_id: member });
    api_key = await server.keyFor({ agent: 'ann', project: 'test', trust: 2 });
    url = cleanup.use(await startPostgrest(db)).url;
  });
  afterAll(() => cleanup.disposeAsync());

  const readsWith = (token: string) => ({ url, key: publishableKey, token });
  const open = async (token: string): Promise<Session> =>
    cleanup.use(await connect({ url: server.url, api_key, beats: false, reads: readsWith(token) }));

  /** Without what passes between two calls, and cursors that the calls themselves move on. */
  const lasting = (answer: unknown) =>
    JSON.parse(JSON.stringify(answer).replace(/"last_call_at":"[^"]*"/g, '"last_call_at":"2026-01-01T00:00:00Z"'));

  test.each(direct.map((operation) => [operation.name, operation] as const))(
    '%s answers what the coordinator answers, to a member and to a token of the project',
    async (name, operation) => {
      const session = await open(userToken(member));
      await session.lock(`${name}.ts`);
      const input = exampleInput(operation, { task_id: world.task_id });
      const method = methodName(name) as keyof Coordinator;
      const ask = (on: Session) => (on.coordinator[method] as (input: unknown) => Promise<unknown>)(input);
      const through = httpTransport({ url: server.url, apiKey: api_key });
      const { session_id } = await session.open();
      const expected = lasting(await through.invoke(operation, input, { session_id }));
      let asked = 0;
      const reads = { ...readsWith((await admin.createReadToken()).token), fetch: counted(() => asked++) };
      const direct = lasting(await readingDirectly(through, reads).invoke(operation, input, { session_id }));
      expect(asked).toBe(1);
      expect(Object.keys(direct)).toEqual(Object.keys(expected));
      if (name !== 'query_audit') expect(direct).toEqual(expected);
      expect(operation.output.parse(direct)).toBeDefined();
      expect(lasting(await ask(session))).toMatchObject(name === 'query_audit' ? {} : direct);
    },
  );

  const counted =
    (count: () => void): typeof fetch =>
    (...call) => {
      count();
      return fetch(...call);
    };

  test('writes through the coordinator, and so goes what cannot be read directly', async () => {
    const session = await open(userToken(member));
    expect(await session.coordinator.acquireLock({ paths: ['b.ts'] })).toMatchObject({ acquired: true });
    expect((await session.coordinator.checkLocks({ paths: ['b.ts'] })).locks).toMatchObject([{ mine: true }]);
    await expect(session.coordinator.listTasks({ limit: 0 })).rejects.toMatchObject({ code: 'invalid_input' });
  });

  test('is shown nothing with a token of another project, of nobody, or of none that is good', async () => {
    const stranger = await db.session('admin', { project: 'elsewhere', trust: 4 });
    const theirs = await open((await stranger.createReadToken()).token);
    expect((await theirs.coordinator.listTasks()).tasks).toMatchObject([{ title: 'theirs' }]);
    await expect(theirs.coordinator.getTask({ task_id: String(world.task_id) })).rejects.toMatchObject({
      code: 'not_found',
    });
    const nobody = await open(userToken('99999999-9999-4999-8999-999999999999'));
    await expect(nobody.coordinator.getTaskBoard()).rejects.toMatchObject({ code: 'not_found' });
    const forged = await open('eyJhbGciOiJub25lIn0.e30.');
    await expect(forged.coordinator.getTaskBoard()).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  test('takes no secret key, and does not repeat it', async () => {
    const key = 'sb_secret_canary';
    const refusal = connect({ url: server.url, api_key, reads: { url, key, token: 'x' } });
    await expect(refusal).rejects.toMatchObject({ code: 'invalid_input', message: expect.not.stringContaining(key) });
  });
});

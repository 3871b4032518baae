import { CoordinationError, type Invoker, type Operation, operationNamed } from '@agentcoord/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { doors } from './doors/index.ts';
import { badInputs } from './helpers/bad_inputs.ts';
import { cloneDatabase, type TestDatabase } from './helpers/database.ts';
import { stateOf } from './helpers/state.ts';

/** The command line starts a process for each call, so it is tried with a few. */
const forCommandLine = ['a way out', 'a folder', 'priority 11', 'a dependency nobody knows', "another project's id"];

/** Ids differ from door to door, each of which has a database of its own. */
function expectSameWords(title: string, { message, hint }: CoordinationError): void {
  if (saidOtherwise.test(title)) return;
  const said = `${message}\n${hint}`.replace(/[0-9a-f-]{36}/g, '<id>');
  expect(said).toBe(words.get(title) ?? said);
  words.set(title, said);
}

/** Ids are made by the test below, so that the titles of the list are known before there is a database. */
const noId = '00000000-0000-0000-0000-000000000000';
const listed = badInputs({ task_id: noId, claim_token: 1, thread_id: noId, handoff_id: noId });

/** The MCP SDK's own parser drops it, so nobody behind it can see that it was there. */
const droppedByMcp = '__proto__ as a field';

/** What the first door said, for all others to say the same. */
const words = new Map<string, string>();

/** Where a door sees the file system it knows more of a path, and NaN becomes null on its way through JSON. */
const saidOtherwise = /path|way out|outside|^null seconds/;

describe.each(doors)('$name', (door) => {
  let db: TestDatabase;
  let invoker: Invoker;
  const cleanup = new AsyncDisposableStack();
  const inputs = new Map<string, unknown>();

  beforeAll(async () => {
    if (door.missing) return;
    db = cleanup.use(await cloneDatabase());
    const stranger = await db.session('stranger', { project: 'elsewhere' });
    await stranger.submitWork({ title: 'theirs' });
    const { task, claim_token } = await stranger.getWork();
    const { thread_id } = await stranger.createThread({ title: 'theirs', text: 'secret' });
    const { handoff_id } = await stranger.writeHandoff({ summary: 'secret' });
    const others = { handoff_id, task_id: String(task?.task_id), claim_token: Number(claim_token), thread_id };
    for (const [title, , input] of badInputs(others)) inputs.set(title, input);
    const trust = door.trusts.includes(2) ? 2 : 4;
    invoker = await cleanup.use(await door.open(db)).enter({ agent: 'ann', project: 'test', trust });
    await call('get_task_board', {});
  });
  afterAll(() => cleanup.disposeAsync());

  const call = (name: string, input: unknown) => invoker.invoke(operationNamed(name) as Operation, input);

  const tried = door.name.startsWith('command line')
    ? listed.filter(([title]) => forCommandLine.some((wanted) => title.endsWith(wanted)))
    : listed.filter(([title]) => title !== droppedByMcp || !door.name.startsWith('MCP'));

  test.skipIf(door.missing).each(tried)('refuses %s (%s), says what to do, and changes nothing', async (...bad) => {
    const [title, operation, , code = 'invalid_input'] = bad;
    const before = await stateOf(db);
    const refusal = await call(operation, inputs.get(title)).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(CoordinationError);
    expect(refusal).toMatchObject({
      code,
      message: expect.stringMatching(/\w/),
      hint: expect.stringMatching(/\w.*\.$/),
    });
    expect(await stateOf(db)).toEqual(before);
    expectSameWords(title, refusal as CoordinationError);
  });

  test.skipIf(door.missing)('goes on after all that', async () => {
    expect(await call('acquire_lock', { paths: ['after.ts'] })).toMatchObject({ acquired: true });
  });
});

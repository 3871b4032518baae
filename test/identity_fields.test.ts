import { CoordinationError, type Invoker, operations } from '@agentcoord/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { doors } from './doors/index.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';
import { exampleInput, type World, worldOf } from './helpers/example_inputs.ts';
import { journalledAs } from './helpers/journalled.ts';
import { stateOf } from './helpers/state.ts';

/** The command line starts a process for each call; its options are those of the definition (see contract.test.ts). */
const tried = doors.filter(({ name }) => !name.startsWith('command line'));

describe.each(tried)('$name', (door) => {
  let db: TestDatabase;
  let victim: TestSession;
  let invoker: Invoker;
  let world: World;
  let claims: Record<string, unknown>;
  const cleanup = new AsyncDisposableStack();

  beforeAll(async () => {
    if (door.missing) return;
    db = cleanup.use(await cloneDatabase());
    victim = await db.session('victim', { trust: 4 });
    world = await worldOf(victim);
    const { key_id } = await victim.createKey({ agent: 'victim', trust: 4 });
    const trust = door.trusts.includes(4) ? 4 : 2;
    invoker = await cleanup.use(await door.open(db)).enter({ agent: 'mallory', project: 'test', trust });
    await invoker.invoke(operations.find(({ name }) => name === 'get_task_board') as never, {});
    const [{ project_id } = { project_id: 0 }] =
      await db.sql`select project_id from coord.projects where name = 'test'`;
    claims = {
      ...{ agent: 'victim', agent_id: 'victim', agent_type: 'orchestrator', session_id: victim.session_id, key_id },
      ...{ project: 'test', project_id, trust: 4, label: 'cli:default', delegated_from: 'victim', repeated: true },
      ...{ parent_session_id: victim.session_id, caller: { key_id }, p_caller: { key_id } },
    };
  });
  afterAll(() => cleanup.disposeAsync());

  test.skipIf(door.missing)('no operation takes a field that says who calls', { timeout: 60_000 }, async () => {
    const before = await stateOf(db);
    let calls = 0;
    for (const operation of operations) {
      for (const [field, value] of Object.entries(claims)) {
        if (Object.hasOwn(operation.input.shape, field)) continue;
        const input = { ...exampleInput(operation, world), [field]: value };
        const refusal = await invoker.invoke(operation, input).catch((error: unknown) => error);
        expect(refusal, `${operation.name} ${field}`).toBeInstanceOf(CoordinationError);
        expect(refusal, `${operation.name} ${field}`).toMatchObject({ code: 'invalid_input' });
        calls++;
      }
    }
    expect(await stateOf(db)).toEqual(before);
    console.log(`${door.name}: ${calls} calls with a field that says who calls, all refused, no row changed`);
    expect(calls).toBeGreaterThan(operations.length * 8);
  });

  test.skipIf(door.missing)('where a field of that name means somebody else, the caller stays who it is', async () => {
    for (const operation of operations) {
      const meant = Object.entries(claims).filter(([field]) => Object.hasOwn(operation.input.shape, field));
      if (meant.length === 0 || operation.name === 'suspend_agent') continue;
      const [last] = await db.sql`select max(entry_id)::integer as id from coord.journal`;
      const input = { ...exampleInput(operation, world), ...Object.fromEntries(meant) };
      await invoker.invoke(operation, input).catch(() => {});
      const rows = await db.sql<{ agent: string; session_id: string }[]>`
        select agent, session_id from coord.journal
        where entry_id > ${last?.id ?? 0} and operation = ${journalledAs(operation)} and agent is not null`;
      for (const { agent, session_id } of rows) {
        expect(agent, operation.name).toBe('mallory');
        expect(session_id, operation.name).not.toBe(victim.session_id);
      }
    }
  });
});

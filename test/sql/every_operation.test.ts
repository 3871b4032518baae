import { type Coordinator, jsonSchemaOf, methodName, type Operation, operations } from '@agentcoord/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectId, speakAs } from '../helpers/callers.ts';
import { cloneDatabase, type TestDatabase } from '../helpers/database.ts';
import { exampleInput, type World, worldOf } from '../helpers/example_inputs.ts';
import { journalledAs } from '../helpers/journalled.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

type Answer = Record<string, unknown>;

/** The answer of an operation, an error as the envelope. */
async function call(coordinator: Coordinator, { name }: Operation, input: unknown): Promise<Answer> {
  const method = coordinator[methodName(name) as keyof Coordinator] as (input: unknown) => Promise<Answer>;
  return method(input).catch((error) => error.toJSON());
}

/** True unless the answer is an error, or says no with its first field: `claimed`, `acquired`. */
function isDone({ output }: Operation, answer: Answer): boolean {
  const [first = ''] = Object.keys(output.shape);
  return !('error' in answer) && answer[first] !== false;
}

const named = operations.map((operation) => [operation.name, operation] as const);

describe('the journal', () => {
  const done: string[] = [];

  test.each(named)('has what %s did', async (name, operation) => {
    const session = await db.session(`ann-${name}`, { trust: 4 });
    const world = await worldOf(session);
    const [last] = await db.sql`select max(entry_id)::integer as id from coord.journal`;
    const input = exampleInput(operation, world);
    const answer = await call(session, operation, input);
    const rows = await db.sql<{ operation: string; outcome: string; resource: string }[]>`
      select operation, outcome, resource from coord.journal where entry_id > ${last?.id} order by entry_id`;
    if (isDone(operation, answer)) done.push(name);
    const outcome = (answer.error as { code: string } | undefined)?.code;
    if (operation.kind === 'read' && !outcome) return expect(rows).toEqual([]);
    const remedy = `${name} has to end with coord._leave, whose third argument names what changed, or with coord._refuse; it may also lack its grant to coord_app.`;
    expect(rows.length, remedy).toBeGreaterThan(0);
    // One for each thing that has changed: a session that ends gives its tasks back.
    expect(new Set(rows.map(({ resource }) => resource)).size).toBe(rows.length);
    // A batch may do some of its parts as the operation does that it is a batch of.
    const parts = (operation.leadsTo?.(input) ?? []).map((step) => step.operation);
    for (const row of rows) expect([journalledAs(operation), ...parts]).toContain(row.operation);
    if (outcome) expect(rows.map((row) => row.outcome)).toEqual([outcome]);
  });

  test('was looked at for nearly all operations after they had been carried out', () => {
    expect(done.length / operations.length).toBeGreaterThan(0.8);
  });
});

describe('a project', () => {
  const instants = /\d{4}-\d\d-\d\dT[\d:.]+[+\-\d:Z]*/g;
  const id = '019a8e7c-2f64-7cc1-9d0e-5a1b2c3d4e5f';
  const unknown: World = {
    task_id: id,
    thread_id: id,
    handoff_id: id,
    approval_id: id,
    key_id: '000000000000',
    agent: 'nobody',
  };
  // Of events, those of what the readings below are refused are not what this is about.
  const policy_text = 'permit (principal, action, resource);';
  const asked = { subject: 'lock:', resource: 'a.ts', operation: 'acquire_lock', host: 'github.com', policy_text };
  /** Moves with what the project itself journals and counts, such as refusals of these readings. */
  const cursor = /"cursor":"[\d-]+"|"(requests|unsealed_rows)":\d+/g;

  /** What every read answers an administrator's key of that project, apart from times. */
  async function readings(reader: Coordinator, world: World): Promise<Record<string, string>> {
    const reads = operations.filter(({ kind }) => kind === 'read');
    const answers = await Promise.all(reads.map((read) => call(reader, read, exampleInput(read, world))));
    const texts = answers.map((answer) =>
      JSON.stringify(answer).replaceAll(instants, '<instant>').replaceAll(cursor, ''),
    );
    return Object.fromEntries(reads.map(({ name }, index) => [name, texts[index] ?? '']));
  }

  test('shows nothing of another one, whatever is read and whichever id is asked for', async () => {
    const theirs = await db.session('theirs', { project: 'theirs', trust: 4 });
    const ours = await db.session('ours', { project: 'ours', trust: 4 });
    const { key_id } = await ours.createKey({ agent: 'reader', trust: 4 });
    const reader = speakAs(db, { key_id, project_id: await projectId(db, 'ours') });
    await reader.discoverAgents();
    // Once for what the readings themselves leave behind: a decision about a host.
    await readings(reader, { ...unknown, ...asked, paths: ['a.ts'] });
    const before = await readings(reader, { ...unknown, ...asked, paths: ['a.ts'] });
    const world = await worldOf(theirs);
    // Whatever noun there is, the other project has some of it.
    for (const write of operations.filter(({ kind, name }) => kind === 'write' && name !== 'end_session'))
      await call(theirs, write, exampleInput(write, world));
    expect(await readings(reader, { ...world, ...asked, paths: ['a.ts'] })).toEqual(before);
    expect(await readings(reader, { ...world, ...asked })).toEqual(before);
    expect(Object.keys(before).length).toBeGreaterThan(5);
  });
});

describe('the defaults of the database', () => {
  test.each(named)('are those of the definition: %s', async (name, { input, computed }) => {
    const [row] = await db.sql<{ oid: number; parameters: string[] }[]>`
      select p.oid, p.proargnames::text[] as parameters from pg_proc p
      where p.pronamespace = 'coord'::regnamespace and p.proname = ${name}`;
    const { properties = {}, required = [] } = jsonSchemaOf(input, 'input');
    const parameters = (row?.parameters ?? []).slice(1, computed ? -1 : undefined);
    for (const [index, parameter] of parameters.entries()) {
      const field = parameter.replace(/^p_/, '');
      const [found] = await db.sql<{ expression: string | null }[]>`
        select pg_get_function_arg_default(${row?.oid ?? 0}::oid, ${index + 2}::integer) as expression`;
      const expression = found?.expression ?? null;
      if (required.includes(field)) {
        expect([field, expression]).toEqual([field, null]);
        continue;
      }
      const [{ value } = { value: undefined }] = await db.sql.unsafe(`select to_jsonb(${expression}) as value`);
      expect([field, value]).toEqual([field, properties[field]?.default ?? null]);
    }
  });
});

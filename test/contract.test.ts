import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  eventStream,
  methodName,
  type Operation,
  operations,
  operationsOf,
  routeOf,
  toolsets,
} from '@agentcoord/contract';
import { variables } from '@agentcoord/core';
import { Session } from '@agentcoord/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { handlers } from '../packages/core/src/handlers.ts';
import { root } from '../scripts/generated/root.ts';
import { cloneDatabase, type TestDatabase } from './helpers/database.ts';
import { commandsOf, httpSurface, toolsOf } from './helpers/derived.ts';
import { fieldsOf } from './helpers/schema_fields.ts';

const names = operations.map(({ name }) => name).sort();

/** What a process needs that calls as nobody yet, or as nobody in particular. */
const systemFunctions = [
  'authenticate_key',
  'count_violations',
  'database_health',
  'decide_approval_link',
  'follow_events',
  'import_key',
  'guard_call',
  'may_call',
  'open_project',
  'read_approval_link',
  'read_directly',
  'read_guardrails',
  'read_policies',
  'read_policy_version',
  'refuse_by_policy',
  'schema_version',
  'seal_journal',
  'settle_webhook',
  'sweep_projects',
  'take_webhooks',
];

const serverCommands = ['doctor', 'down', 'egress', 'export', 'guard replay', 'guard test', 'mcp', 'status', 'up'];

const read = (file: string) => readFileSync(join(root, file), 'utf8');

describe('the database', () => {
  let db: TestDatabase;
  let functions: { name: string; parameters: string[] }[];
  beforeAll(async () => {
    db = await cloneDatabase();
    functions = await db.sql`
      select proname as name, coalesce((proargnames::text[])[:pronargs], '{}') as parameters
      from pg_proc where pronamespace = 'coord'::regnamespace order by proname`;
  });
  afterAll(() => db?.[Symbol.asyncDispose]());

  test('has a function for every operation, and no other that is not private or of the system', () => {
    const shown = functions.map(({ name }) => name).filter((name) => !name.startsWith('_'));
    expect(shown).toEqual([...names, ...systemFunctions].sort());
  });

  test('has one function a name, so that no call is ambiguous', () => {
    const all = functions.map(({ name }) => name);
    expect(all).toEqual([...new Set(all)]);
  });

  test.each(operations.map((operation) => [operation.name, operation] as const))(
    '%s takes the caller and the fields of its input, in their order, then what is computed',
    (name, { input, computed }) => {
      const parameters = functions.find((candidate) => candidate.name === name)?.parameters;
      const fields = [...Object.keys(input.shape), ...(computed ? ['computed'] : [])];
      expect(parameters).toEqual(['p_caller', ...fields.map((field) => `p_${field}`)]);
    },
  );

  test('is told what core computes by a handler for each operation that says so, and no other', () => {
    const computed = operations.filter((operation) => operation.computed).map(({ name }) => name);
    expect(Object.keys(handlers).sort()).toEqual(computed.sort());
  });

  test('asks for the trust that the catalogue says, and for more than there is elsewhere', async () => {
    const rows = await db.sql<{ name: string; trust: number }[]>`
      select name, coord._minimum_trust(name) as trust from unnest(${[...names, 'no_such_operation']}::text[]) name`;
    expect(Object.fromEntries(rows.map(({ name, trust }) => [name, trust]))).toEqual({
      ...Object.fromEntries(operations.map(({ name, minimumTrust }) => [name, minimumTrust])),
      no_such_operation: 5,
    });
  });
});

describe('the doors', () => {
  test('MCP has a tool for every operation, with its fields', async () => {
    const tools = await toolsOf(operationsOf(['all']));
    const offered = tools.map(({ name, inputSchema }) => [name, Object.keys(inputSchema.properties ?? {})]);
    expect(offered).toEqual(operations.map(({ name, input }) => [name, Object.keys(input.shape)]));
  });

  test('a client of MCP sees at most 20 tools by default, in at most 4,000 tokens', async () => {
    const tools = await toolsOf(operationsOf());
    const shown = tools.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));
    const remedy = 'A default toolset is too large: move an operation to one with `default: false`.';
    expect(shown.length, remedy).toBeLessThanOrEqual(20);
    expect(JSON.stringify(shown).length / 4, remedy).toBeLessThanOrEqual(4000);
  });

  test('HTTP has a route for every operation and for the stream of events, and OpenAPI says so', async () => {
    const { routes, openApi } = await httpSurface();
    const described = [...operations, eventStream];
    const expected = described.map((operation) => {
      const { method, path } = routeOf(operation);
      return `${method} /v1${path}`;
    });
    expect(routes.sort()).toEqual([...expected].sort());
    const documented = Object.entries(openApi.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { operationId }]) => `${operationId} ${method.toUpperCase()} ${path}`),
    );
    expect(documented.sort()).toEqual(described.map(({ name }, index) => `${name} ${expected[index]}`).sort());
  });

  test('the command line has a command for every operation, one for the stream of events, and the ones that run servers', () => {
    const words = [...operations, eventStream].flatMap(({ cli, shortcuts = {} }: Operation) =>
      [cli, ...Object.keys(shortcuts)].map((line) => line.replace(/ [<[].*$/, '')),
    );
    expect(commandsOf().sort()).toEqual([...words, ...serverCommands].sort());
  });

  test('a session of the SDK has a method for every operation, and one for the stream of events', () => {
    const { coordinator } = new Session({ invoke: async () => ({}), close: async () => {} });
    expect(Object.keys(coordinator).sort()).toEqual([...names.map(methodName), 'events'].sort());
  });
});

describe('the documents', () => {
  test('the reference has a section for every operation', () => {
    const headings = [...read('docs/operations.md').matchAll(/^## (\w+)$/gm)].map(([, heading]) => heading);
    expect(headings.sort()).toEqual(names);
  });

  test('the reference lists every toolset', () => {
    const text = read('docs/operations.md');
    expect(Object.keys(toolsets).filter((name) => !text.includes(`\n| \`${name}\` |`))).toEqual([]);
  });

  test('.env.example names every variable', () => {
    const listed = [...read('.env.example').matchAll(/^#? ?([A-Z][A-Z_]+)=/gm)].map(([, name]) => name);
    expect(listed.sort()).toEqual(
      Object.values(variables)
        .flatMap((variable) => variable.names)
        .sort(),
    );
  });
});

describe('every definition', () => {
  const fields = operations.flatMap(fieldsOf);

  test('is named by a verb and a noun, and summed up in one sentence', () => {
    for (const { name, summary } of operations) {
      expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/);
      expect(summary).toMatch(/^[A-Z][^.]*\.$/);
    }
  });

  test('describes every field', () => {
    expect(fields.filter(({ description }) => description === '').map(({ where }) => where)).toEqual([]);
  });

  test('bounds every number; only fencing tokens may grow for ever', () => {
    const numbers = fields.flatMap(({ where, variants }) =>
      variants.filter(({ type }) => type === 'integer' || type === 'number').map((schema) => ({ where, ...schema })),
    );
    const unbounded = numbers.filter(
      ({ where, minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY }) =>
        minimum <= Number.MIN_SAFE_INTEGER || (maximum >= Number.MAX_SAFE_INTEGER && !/\btokens?$|_token$/.test(where)),
    );
    expect(numbers.length).toBeGreaterThan(10);
    expect(unbounded.map(({ where }) => where)).toEqual([]);
  });

  test('gives instants with their offset, in fields named like one', () => {
    const instants = fields.filter(({ variants }) => variants.some(({ format }) => format === 'date-time'));
    const named = fields.filter(
      ({ name }) => name.endsWith('_at') || ['since', 'until', 'run_after', 'deadline'].includes(name),
    );
    expect(instants.map(({ where }) => where)).toEqual(named.map(({ where }) => where));
    for (const { output } of operations) {
      for (const [field, schema] of Object.entries(output.shape)) {
        if (!field.endsWith('_at')) continue;
        expect(schema.safeParse('2026-11-21T10:00:00.123456+00:00').success, field).toBe(true);
        expect(schema.safeParse('2026-11-21T10:00:00').success, field).toBe(false);
      }
    }
  });
});

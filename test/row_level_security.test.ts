import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase } from './helpers/database.ts';
import { fillProject } from './helpers/filled_project.ts';

const [member, other] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'];
const readable = [
  'agents',
  'approval_rules',
  'approvals',
  'decisions',
  'guardrail_rules',
  'guardrail_violations',
  'handoffs',
  'inbox_items',
  'journal',
  'lock_shares',
  'lock_waiters',
  'locks',
  'profile_assignments',
  'profiles',
  'project_members',
  'projects',
  'sessions',
  'subtasks',
  'suspensions',
  'task_dependencies',
  'tasks',
  'thread_posts',
  'threads',
];
const secret = [
  'agent_files',
  'agent_usage',
  'api_keys',
  'approval_links',
  'approval_webhooks',

  'cedar_policies',
  'guardrail_versions',
  'idempotency_keys',
  'inbox_readers',
  'inbox_receipts',
  'journal_floors',
  'lock_floors',
  'lock_scopes',
  'looks',
  'network_decisions',
  'network_rules',
  'notices',
  'pulse',
  'seal_leaves',
  'seals',
  'segments',
];

/** Not shown to everybody where a project is public. */
const confidential = [
  'approval_rules',
  'approvals',
  'inbox_items',
  'profile_assignments',
  'profiles',
  'project_members',
  'suspensions',
  'guardrail_rules',
  'guardrail_violations',
];

let db: TestDatabase;

beforeAll(async () => {
  db = await cloneDatabase();
  for (const project of ['mine', 'theirs', 'open']) await fillProject(db, project);
  await db.sql`update coord.projects set is_public = true where name = 'open'`;
  for (const [project, user] of [
    ['mine', member],
    ['theirs', other],
    ['open', other],
  ] as const) {
    await (await db.session('root', { project, trust: 4 })).addProjectMember({ user_id: user });
  }
});
afterAll(() => db?.[Symbol.asyncDispose]());

/** Runs a statement as PostgREST does for a token of that role and user. */
async function as<Row extends object>(role: string, user: string | undefined, statement: string): Promise<Row[]> {
  return db.sql.begin(async (sql) => {
    await sql`select set_config('request.jwt.claims', ${JSON.stringify({ role, sub: user })}, true)`;
    await sql.unsafe(`set local role ${role}`);
    return [...(await sql.unsafe<Row[]>(statement))];
  }) as Promise<Row[]>;
}

async function projectsIn(table: string, role: string, user?: string): Promise<string[]> {
  const rows = await as<{ project_id: number }>(role, user, `select distinct project_id from coord.${table}`);
  const names = await db.sql<{ name: string; project_id: number }[]>`select name, project_id from coord.projects`;
  return rows.map((row) => names.find(({ project_id }) => project_id === row.project_id)?.name ?? '?').sort();
}

test('the tables named here are all there are', async () => {
  const rows = await db.sql<{ name: string }[]>`
    select relname as name from pg_class where relnamespace = 'coord'::regnamespace and relkind = 'r' order by relname`;
  expect(rows.map(({ name }) => name)).toEqual([...readable, ...secret].sort());
});

describe.each(readable)('of %s', (table) => {
  const everybodys = confidential.includes(table) ? [] : ['open'];

  test('a member reads the own project, and public ones unless it is confidential', async () => {
    expect(await projectsIn(table, 'authenticated', member)).toEqual(['mine', ...everybodys]);
    expect(await projectsIn(table, 'authenticated', other)).toEqual(['open', 'theirs']);
  });

  test('a user who is a member of nothing, and whoever has no user, reads public projects at most', async () => {
    expect(await projectsIn(table, 'authenticated', '33333333-3333-4333-8333-333333333333')).toEqual(everybodys);
    expect(await projectsIn(table, 'authenticated')).toEqual(everybodys);
    expect(await projectsIn(table, 'anon')).toEqual(everybodys);
    expect(await projectsIn(table, 'anon', member)).not.toContain('theirs');
  });

  test('nobody writes', async () => {
    const statements = [
      `insert into coord.${table} default values`,
      `select from coord.${table} for update`,
      `delete from coord.${table}`,
      `truncate coord.${table}`,
    ];
    for (const role of ['authenticated', 'anon', 'service_role', 'coord_app', 'coord_reader']) {
      for (const statement of statements)
        await expect(as(role, member, statement)).rejects.toMatchObject({ code: '42501' });
    }
  });
});

test.each(secret)('nobody reads %s, not even the role that executes operations', async (table) => {
  for (const role of ['authenticated', 'anon', 'service_role', 'coord_app', 'coord_reader']) {
    await expect(as(role, member, `select * from coord.${table}`)).rejects.toMatchObject({ code: '42501' });
  }
});

test.each([
  ['sessions', ['key_id', 'label', 'trust', 'granted_trust', 'restrictions', 'end_reason', 'valid_until']],
  ['agents', ['messages', 'messages_since', 'new_paths']],
])('nobody reads of %s what a key is, may, and has used up', async (table, columns) => {
  for (const role of ['authenticated', 'anon', 'coord_reader']) {
    for (const column of [...columns, '*']) {
      await expect(as(role, member, `select ${column} from coord.${table}`)).rejects.toMatchObject({ code: '42501' });
    }
    expect(await as(role, other, `select agent, agent_type from coord.${table}`)).not.toEqual([]);
  }
});

test('the role that executes operations reads no table', async () => {
  for (const role of ['coord_app', 'service_role']) {
    for (const table of readable) {
      await expect(as(role, member, `select * from coord.${table}`)).rejects.toMatchObject({ code: '42501' });
    }
  }
});

test('those who read dashboards execute no operation', async () => {
  const statements = [
    `select coord.list_keys('{"project_id": 1, "agent": "x", "agent_type": "x", "trust": 4, "label": "x"}')`,
    `select coord.open_project('x')`,
    `select coord.authenticate_key('x', 'x')`,
    'select coord.sweep_projects()',
    `select coord._project('x')`,
  ];
  for (const role of ['authenticated', 'anon', 'coord_reader']) {
    for (const statement of statements)
      await expect(as(role, member, statement)).rejects.toMatchObject({ code: '42501' });
  }
});

test('service_role executes operations', async () => {
  const [row] = await as<{ version: string }>('service_role', undefined, 'select coord.schema_version() as version');
  expect(row?.version).toMatch(/^\d{14}$/);
});

test.each(['coord_app', 'authenticated'])('a temporary type of %s does not run as the owner', async (role) => {
  const attempt = db.sql.begin(async (sql) => {
    await sql.unsafe(`set local role ${role}`);
    await sql.unsafe(`create or replace function pg_temp.spy_${role}() returns boolean language plpgsql
      as 'begin raise exception ''ran as %'', current_user; end'`);
    await sql.unsafe(`create domain pg_temp.uuid as pg_catalog.uuid check (pg_temp.spy_${role}())`);
    await sql.unsafe(`set local request.jwt.claims = '{"sub": "00000000-0000-0000-0000-000000000001"}'`);
    const rows = await sql.unsafe(
      role === 'coord_app'
        ? `select coord.check_locks('{"project_id": 1, "session_id": "00000000-0000-0000-0000-000000000001"}')`
        : 'select count(*) from coord.locks',
    );
    await sql.unsafe('drop domain pg_temp.uuid');
    return rows;
  });
  await expect(attempt).resolves.toHaveLength(1);
});

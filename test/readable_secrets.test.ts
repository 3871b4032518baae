import { hash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase } from './helpers/database.ts';
import { fillProject } from './helpers/filled_project.ts';
import { jwtSecret } from './helpers/postgrest.ts';
import { tablesWith } from './helpers/tables_with.ts';

const member = '11111111-1111-4111-8111-111111111111';
const roles = ['anon', 'authenticated', 'service_role', 'coord_app', 'coord_reader', 'pg_read_all_settings'];

/** By what it is, something that nobody may read in a table. */
const canaries = new Map<string, string>();
let db: TestDatabase;

beforeAll(async () => {
  db = await cloneDatabase();
  const admin = await fillProject(db, 'test');
  await admin.addProjectMember({ user_id: member });
  await admin.setProjectVisibility({ visibility: 'public' });
  await plantKey(await admin.createKey({ agent: 'canary' }, { idempotency_key: 'canary' }));
  const { token } = await admin.createReadToken({}, { idempotency_key: 'token' });
  canaries.set('a token for reading', token).set('its signature', token.split('.')[2] as string);
  canaries.set('the secret of tokens', jwtSecret);
  await admin.requestApproval({ action_type: 'canary', description: 'with links' });
  await plantLinks();
});
afterAll(() => db?.[Symbol.asyncDispose]());

async function plantKey({ api_key }: { api_key: string }): Promise<void> {
  const secret = api_key.slice(16, 80);
  canaries
    .set('a key', api_key)
    .set('its secret', secret)
    .set('the hash of its secret', hash('sha256', secret, 'hex'));
}

/** Every text that the outbox hands out for sending, and looks like the token of a link. */
async function plantLinks(): Promise<void> {
  const taken = JSON.stringify(await db.database.call('take_webhooks', { p_limit: 10, p_with_links: true }));
  const [, link] = /"(\d+-[\w-]{43})"/.exec(taken) ?? [];
  expect(link).toBeDefined();
  canaries.set('a link', link as string).set('the hash of a link', hash('sha256', link as string, 'hex'));
}

interface Column {
  table: string;
  column: string;
}

/** The columns that a role may read. */
async function readableBy(role: string): Promise<Column[]> {
  return db.sql<Column[]>`
    select c.relname as table, a.attname as column
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = 'coord'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
      and has_column_privilege(${role}, c.oid, a.attnum, 'select') order by 1, 2`;
}

test('what is looked for is there, behind what can be read', async () => {
  expect(await tablesWith(db, canaries.get('the hash of its secret') as string)).toEqual(['coord.api_keys']);
  expect(await tablesWith(db, canaries.get('the hash of a link') as string)).toEqual(['coord.approval_links']);
});

test.each(roles)('%s finds no secret in any column it may read', async (role) => {
  const claims = JSON.stringify({ role, sub: member });
  for (const { table, column } of await readableBy(role)) {
    const rows = await db.sql.begin(async (sql) => {
      await sql`select set_config('request.jwt.claims', ${claims}, true)`;
      await sql.unsafe(`set local role ${role}`);
      return sql.unsafe<{ text: string | null }[]>(`select "${column}"::text as text from coord."${table}"`);
    });
    const text = rows.map((row) => row.text).join('\n');
    for (const [what, canary] of canaries) expect(text.includes(canary), `${what} in ${table}.${column}`).toBe(false);
  }
});

test('no column that somebody may read is named like a secret, but fencing tokens and the hash of what was asked', async () => {
  const columns = await Promise.all(roles.map(readableBy));
  const suspicious = columns.flat().filter(({ column }) => /secret|hash|token|password|credential|key/.test(column));
  expect([...new Set(suspicious.map(({ table, column }) => `${table}.${column}`))].sort()).toEqual([
    'approval_rules.credentials',
    'approvals.credentials',
    'approvals.payload_hash',
    'lock_shares.token',
    'locks.token',
    'projects.read_token_version',
    'tasks.claim_token',
  ]);
});

test('a member reads rows of nearly every table he may, so that the search is worth something', async () => {
  const tables = new Set((await readableBy('authenticated')).map(({ table }) => table));
  for (const table of tables) {
    const [row] = await db.sql.unsafe<{ rows: number }[]>(`select count(*)::int as rows from coord."${table}"`);
    expect(row?.rows, table).toBeGreaterThan(0);
  }
});

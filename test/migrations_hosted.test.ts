import { migrate, schemaState } from '@agentcoord/core';
import type postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dumpCatalogue } from './helpers/catalogue_dump.ts';
import { Databases } from './helpers/databases.ts';
import { advise, push } from './helpers/supabase_cli.ts';
import { installedBinaries, startTcpServer, type TcpServer } from './helpers/tcp_server.ts';

/** Like `postgres` on hosted Supabase: no superuser, may create roles, owns the database. */
const owner = { role: 'coord_test_owner', password: 'owner' };
const stranger = { role: 'coord_test_stranger', password: 'stranger' };
const supabaseRoles = ['anon', 'authenticated', 'service_role', 'authenticator'];
const coordRoles = ['coord_owner', 'coord_app', 'coord_reader'];

const given = process.env.TEST_DATABASE_URL;
const binaries15 = installedBinaries(15);
const servers = [
  given
    ? { name: 'the given server', start: async () => ({ url: given, stop: async () => {} }) }
    : { name: 'Postgres 18', start: () => startTcpServer() },
  binaries15
    ? { name: 'Postgres 15', start: () => startTcpServer(binaries15) }
    : { name: 'Postgres 15', skipped: 'Postgres 15 is not installed (Debian: apt-get install postgresql-15)' },
];

describe.each(servers)('on $name', ({ start, skipped }) => {
  let server: TcpServer | undefined;
  let databases: Databases;
  let admin: postgres.Sql;

  beforeAll(async () => {
    server = await start?.();
    if (!server) return;
    databases = new Databases(server.url);
    admin = databases.admin;
    await prepareRole(owner, 'createrole');
    await prepareRole(stranger, 'nocreaterole');
    // Another database of this server may have made them; then only their owner can share them.
    for (const role of await existing(coordRoles)) await admin.unsafe(`grant ${role} to ${owner.role}`);
  }, 60_000);

  afterAll(async () => {
    await databases?.remove();
    await server?.stop();
  });

  async function existing(roles: string[]): Promise<string[]> {
    const rows = await admin<{ rolname: string }[]>`
      select rolname from pg_roles where rolname = any(string_to_array(${roles.join()}, ','))`;
    return rows.map(({ rolname }) => rolname);
  }

  /** Kept from an earlier run on a given server: what it granted stands in the way of dropping it. */
  async function prepareRole({ role, password }: typeof owner, right: string): Promise<void> {
    const verb = (await existing([role])).length > 0 ? 'alter' : 'create';
    await admin.unsafe(`${verb} role ${role} login ${right} password '${password}'`);
  }

  async function addSupabaseRoles(): Promise<void> {
    const present = await existing(supabaseRoles);
    for (const role of supabaseRoles.filter((name) => !present.includes(name))) {
      await admin.unsafe(`create role ${role} nologin noinherit`);
    }
  }

  async function migrateAsOwner(): Promise<string[]> {
    const url = await databases.create(owner);
    await migrate(url);
    const sql = databases.connect(url);
    expect((await schemaState(sql)).state).toBe('current');
    const [who] = await sql`select rolsuper from pg_roles where rolname = current_user`;
    expect(who).toEqual({ rolsuper: false });
    return dumpCatalogue(sql);
  }

  test('an owner who is no superuser migrates, without and with the roles of Supabase', async ({ skip }) => {
    if (skipped) skip(skipped);
    // A given server may have the roles already, from an earlier run.
    const withoutGrants = (lines: string[]) =>
      lines.map((line) => line.replace(/,(anon|authenticated|service_role)=\w+\/coord_owner/g, ''));
    const without = withoutGrants(await migrateAsOwner());
    await addSupabaseRoles();
    const granted = withoutGrants(await migrateAsOwner());
    expect(granted).toEqual(without);
  });

  test('where pg_cron is, it is told to sweep and to seal, in the name of the role that migrates', async ({ skip }) => {
    if (skipped) skip(skipped);
    const url = await databases.create(owner);
    const sql = databases.connect(url);
    // Not the extension, which is no part of Postgres: a function of its name that notes what it is told.
    await sql.unsafe(`
      create schema cron;
      create table cron.job (jobname text, schedule text, command text, username text);
      create function cron.schedule(text, text, text) returns bigint language sql
      as 'insert into cron.job values ($1, $2, $3, current_user); select 1::bigint'`);
    await migrate(url);
    const [job, seal] = await sql<{ jobname: string; schedule: string; command: string; username: string }[]>`
      select * from cron.job`;
    expect(job).toMatchObject({ jobname: 'coord.sweep', schedule: '5 seconds', username: owner.role });
    expect(await sql.unsafe(String(job?.command))).toMatchObject([{ sweep_projects: { ended_sessions: 0 } }]);
    expect(seal).toMatchObject({ jobname: 'coord.seal', schedule: '5 seconds', username: owner.role });
    expect(await sql.unsafe(String(seal?.command))).toMatchObject([{ seal_journal: { sealed_rows: 0, more: false } }]);
  });

  test('where pg_cron is closed to the role that migrates, the migration goes on without it', async ({ skip }) => {
    if (skipped) skip(skipped);
    const url = await databases.create(owner);
    const sql = databases.connect(databases.urlOf(new URL(url).pathname.slice(1)));
    await sql.unsafe(`
      create schema cron;
      grant usage on schema cron to ${owner.role};
      create function cron.schedule(text, text, text) returns bigint language sql as 'select 1::bigint';
      revoke execute on function cron.schedule from public`);
    await migrate(url);
    expect((await schemaState(sql)).state).toBe('current');
  });

  test('a role that owns nothing is told what to grant', async ({ skip }) => {
    if (skipped) skip(skipped);
    const url = await databases.create();
    await expect(migrate(withLogin(url, stranger))).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringMatching(/^Role "coord_test_stranger" may not migrate database "coord_test_/),
      hint: expect.stringContaining('grant create on database'),
    });
  });

  test('a role that may only execute operations finds a current database current', async ({ skip }) => {
    if (skipped) skip(skipped);
    const url = await databases.create();
    await migrate(url);
    await admin.unsafe(`grant coord_app to ${stranger.role}`);
    expect(await migrate(withLogin(url, stranger))).toEqual([]);
  });

  test('the advisors of Supabase find no error, and look at schema coord', async ({ skip }) => {
    if (skipped) skip(skipped);
    await addSupabaseRoles();
    const url = await databases.create(owner);
    await migrate(url);
    const name = new URL(url).pathname.slice(1);
    await admin.unsafe(`alter database ${name} set pgrst.db_schemas = 'public, coord'`);
    expect(await advise(url, 'error')).toContain('"results":[]');
    // Private functions have no search path of their own, which is a warning: so they were looked at.
    expect(await advise(url, 'warn')).toContain('coord');
  }, 60_000);

  test('supabase db push after ours finds nothing to do, and ours nothing after supabase db push', async ({ skip }) => {
    if (skipped) skip(skipped);
    const [ours, theirs] = [await databases.create(owner), await databases.create(owner)];
    await migrate(ours);
    expect(await push(ours)).toContain('up to date');
    expect(await push(theirs)).toContain('Finished');
    expect(await migrate(theirs)).toEqual([]);
    expect(await dumpCatalogue(databases.connect(theirs))).toEqual(await dumpCatalogue(databases.connect(ours)));
  }, 60_000);
});

function withLogin(url: string, { role, password }: typeof stranger): string {
  return Object.assign(new URL(url), { username: role, password }).href;
}

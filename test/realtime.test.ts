import { coordinatorOver } from '@agentcoord/contract';
import { localTransport, migrate, postgresDatabase } from '@agentcoord/core';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { connectionOf } from '../packages/core/src/databases/url.ts';
import { adminOf, urlOf } from './helpers/server.ts';

// A real Realtime server is not to be had here: the functions and the table that it puts into a database are imitated.
const imitation = `
  create schema realtime;
  create table realtime.messages (topic text, extension text, payload jsonb, event text, private boolean);
  alter table realtime.messages enable row level security;
  grant usage on schema realtime to authenticated;
  grant select on realtime.messages to authenticated;
  create function realtime.topic() returns text language sql stable as
    $$ select nullif(current_setting('realtime.topic', true), '') $$;
  create function realtime.send(payload jsonb, event text, topic text, private boolean default true) returns void
  language plpgsql as $$
  begin
    if current_setting('realtime.broken', true) = 'on' then raise exception 'Realtime is broken'; end if;
    insert into realtime.messages values (topic, 'broadcast', payload, event, private);
  end $$;`;

const cleanup = new AsyncDisposableStack();
let sql: postgres.Sql;

const open = (project: string) => {
  const database = cleanup.adopt(
    postgresDatabase({ kind: 'postgres', connection: connectionOf(url), where: 'Realtime' }),
    (opened) => opened.close(),
  );
  return coordinatorOver(localTransport(database, project, { agent: 'ann', agent_type: 't', trust: 2, label: 'ann' }));
};
let url: string;

/** A client of a new, empty database. */
async function create(name: string): Promise<postgres.Sql> {
  const admin = adminOf(inject('adminUrl'));
  const full = `${inject('template')}_${process.pid}_${name}`;
  await admin.unsafe(`create database ${full}`);
  cleanup.defer(async () => {
    await admin.unsafe(`drop database ${full} with (force)`);
    await admin.end({ timeout: 1 });
  });
  url = urlOf(inject('adminUrl'), full);
  const connection = connectionOf(url);
  const quiet = { max: 1, onnotice: () => {} };
  const client = typeof connection === 'string' ? postgres(connection, quiet) : postgres({ ...connection, ...quiet });
  return cleanup.adopt(client, (opened) => opened.end({ timeout: 1 }));
}

beforeAll(async () => {
  sql = await create('realtime');
  await sql.unsafe(imitation).simple();
  await migrate(connectionOf(url));
});
afterAll(() => cleanup.disposeAsync());

test('each journal row is told on the private channel of its project, without its detail', async () => {
  await open('ours').acquireLock({ paths: ['a.ts'] });
  const [project] = await sql`select project_id from coord.projects where name = 'ours'`;
  const rows = await sql`select * from realtime.messages where event = 'acquire_lock'`;
  expect(rows).toEqual([
    expect.objectContaining({ topic: `coord:${project?.project_id}`, extension: 'broadcast', private: true }),
  ]);
  const payload = typeof rows[0]?.payload === 'string' ? JSON.parse(rows[0].payload) : rows[0]?.payload;
  expect(payload).toMatchObject({ subjects: ['lock:a.ts'], agent: 'ann', cursor: expect.stringMatching(/^\d+-\d+$/) });
  expect(payload).not.toHaveProperty('detail');
});

test('only members of the project hear it', async () => {
  await open('ours').acquireLock({ paths: ['b.ts'] });
  const [project] = await sql`select project_id from coord.projects where name = 'ours'`;
  const member = '11111111-1111-4111-8111-111111111111';
  await sql`insert into coord.project_members (project_id, user_id) values (${project?.project_id}, ${member})`;
  const heard = (user: string) =>
    sql.begin(async (transaction) => {
      await transaction`select set_config('request.jwt.claims', ${JSON.stringify({ sub: user })}, true)`;
      await transaction`select set_config('realtime.topic', ${`coord:${project?.project_id}`}, true)`;
      await transaction`set local role authenticated`;
      return (await transaction`select event from realtime.messages`).length;
    });
  expect(await heard(member)).toBeGreaterThan(0);
  expect(await heard('22222222-2222-4222-8222-222222222222')).toBe(0);
});

test('a broadcast that fails does not undo what it tells of', async () => {
  await sql.unsafe(
    `alter database ${(await sql`select current_database() as name`)[0]?.name} set realtime.broken = 'on'`,
  );
  expect(await open('broken').acquireLock({ paths: ['c.ts'] })).toMatchObject({ acquired: true });
  expect(
    await sql`select from realtime.messages m join coord.projects p on m.topic = 'coord:' || p.project_id
    where p.name = 'broken'`,
  ).toEqual([]);
});

test('without Realtime there is no trigger', async () => {
  const plain = await create('plain');
  await migrate(connectionOf(url));
  const triggers =
    await plain`select tgname from pg_trigger where tgrelid = 'coord.journal'::regclass and tgname = 'broadcast'`;
  expect(triggers).toEqual([]);
});

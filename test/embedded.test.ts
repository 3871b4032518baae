import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import postgres from 'postgres';
import { afterAll, expect, test, vi } from 'vitest';
import { type EmbeddedServer, ensureServer, serverStatus, stopServer } from '../packages/core/src/embedded/index.ts';
import { placeOf } from '../packages/core/src/embedded/place.ts';
import { newHome, removeHomes } from './embedded/homes.ts';
import { dismissParticipants, participate } from './embedded/participants.ts';

const asRoot = process.getuid?.() === 0;
const seconds = 1000;

/** For tests that do not need a first start, which costs a second. */
const shared = newHome();

vi.setConfig({ testTimeout: 30 * seconds });
afterAll(async () => {
  await dismissParticipants();
  await removeHomes();
}, 30 * seconds);

async function query<Row extends object = { value: string }>(server: EmbeddedServer, text: string): Promise<Row[]> {
  const sql = postgres({ ...server.connection(), max: 1, onnotice: () => {} });
  try {
    return [...(await sql.unsafe<Row[]>(text))];
  } finally {
    await sql.end();
  }
}

function postmasterOf({ cluster }: EmbeddedServer): number {
  return Number(readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')[0]);
}

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

async function untilDead(pid: number): Promise<void> {
  await expect
    .poll(() => existsSync(`/proc/${pid}`) && !/State:\sZ/.test(readFileSync(`/proc/${pid}/status`, 'utf8')), {
      timeout: 10 * seconds,
    })
    .toBe(false);
}

async function crash(server: EmbeddedServer): Promise<void> {
  const pid = postmasterOf(server);
  process.kill(pid, 'SIGKILL');
  await untilDead(pid);
}

/** A process of the server's own account that has nothing to do with it. */
async function bystanderOf({ cluster }: EmbeddedServer) {
  const { uid, gid } = statSync(cluster);
  const bystander = spawn('sleep', ['60'], { stdio: 'ignore', ...(asRoot ? { uid, gid } : {}) });
  await once(bystander, 'spawn');
  return { pid: bystander.pid ?? 0, [Symbol.dispose]: () => bystander.kill() };
}

test('the first call starts a server, the second finds the same one', async () => {
  const first = await ensureServer(shared);
  const postmaster = postmasterOf(first);
  const second = await ensureServer(shared, { explicit: false });
  expect([first.startedHere, second.startedHere]).toEqual([true, false]);
  expect(postmasterOf(second)).toBe(postmaster);
  expect(await query(second, 'select current_database() as value')).toEqual([{ value: 'agentcoord' }]);
  expect(await serverStatus(shared)).toMatchObject({ running: true, stopped: false, pid: postmaster, version: '18.4' });
});

test('nobody else can reach the server or its files', async () => {
  const server = await ensureServer(shared);
  expect([shared, server.cluster, server.socketFolder, dirname(server.log)].map(modeOf)).toEqual(Array(4).fill('700'));
  expect(modeOf(server.log)).toBe('600');
  const names = [
    'listen_addresses',
    'fsync',
    'synchronous_commit',
    'full_page_writes',
    'data_checksums',
    'server_encoding',
  ];
  const settings = await query(
    server,
    `select setting as value from pg_settings where name = any('{${names}}') order by array_position('{${names}}', name)`,
  );
  expect(settings.map((row) => row.value)).toEqual(['', 'on', 'on', 'on', 'on', 'UTF8']);
  const rules = await query(server, `select type || ' ' || auth_method as value from pg_hba_file_rules`);
  expect(rules.map((row) => row.value)).toEqual(['local peer']);
});

test('five processes that start at once end with one server', async () => {
  const home = newHome();
  const five = Array.from({ length: 5 }, () => participate(home));
  const started = await Promise.all(five.map((each) => each.connected()));
  expect(started.filter(Boolean)).toHaveLength(1);
  expect(await five[0]?.visits()).toBe(5);
  await Promise.all(five.map((each) => each.signal('SIGTERM')));
});

test.each(['SIGKILL', 'SIGTERM', 'SIGHUP', 'SIGINT', 'SIGSTOP'] as const)(
  'others go on working when the process that started the server gets %s',
  async (signal) => {
    await ensureServer(shared);
    await stopServer(shared);
    const starter = participate(shared);
    expect(await starter.connected()).toBe(true);
    const postmaster = postmasterOf(await ensureServer(shared));
    const other = participate(shared);
    expect(await other.connected()).toBe(false);
    const before = await other.visits();
    await starter.signal(signal);
    expect(await other.visits()).toBe(before);
    expect(postmasterOf(await ensureServer(shared))).toBe(postmaster);
    await other.signal('SIGKILL');
    if (signal === 'SIGSTOP') await starter.signal('SIGKILL');
  },
);

test('a starter killed while it creates the database leaves nothing that hurts the next one', async () => {
  const home = newHome();
  const starter = participate(home);
  await starter.nextLine((line) => line.startsWith('Creating'));
  await starter.signal('SIGKILL');
  const server = await ensureServer(home);
  expect(await query(server, 'select 1 as value')).toEqual([{ value: 1 }]);
});

test('a starter that is stopped in the middle of it does not keep others waiting', async () => {
  const home = newHome();
  const starter = participate(home);
  await starter.nextLine((line) => line.startsWith('Creating'));
  await starter.signal('SIGSTOP');
  const begun = performance.now();
  const server = await ensureServer(home);
  expect(performance.now() - begun).toBeLessThan(10 * seconds);
  expect(await query(server, 'select 1 as value')).toEqual([{ value: 1 }]);
});

test('a crashed server is recovered by the next call, with what was committed', async () => {
  const server = await ensureServer(shared);
  await query(server, `create table kept as select 'committed' as value`);
  await crash(server);
  const again = await ensureServer(shared, { explicit: false });
  expect(again.startedHere).toBe(true);
  expect(await query(again, 'select value from kept')).toEqual([{ value: 'committed' }]);
});

test('a pid file that names a living process of the same account does not keep the server down', async () => {
  const server = await ensureServer(shared);
  await crash(server);
  using bystander = await bystanderOf(server);
  const file = join(server.cluster, 'postmaster.pid');
  const [, ...rest] = readFileSync(file, 'utf8').split('\n');
  writeFileSync(file, [bystander.pid, ...rest].join('\n'));
  const again = await ensureServer(shared);
  expect(postmasterOf(again)).not.toBe(bystander.pid);
  expect(await query(again, 'select 1 as value')).toEqual([{ value: 1 }]);
  expect(() => process.kill(bystander.pid, 0)).not.toThrow();
});

test('a server stopped on purpose never signals the process its pid file names', async () => {
  const server = await ensureServer(shared);
  await crash(server);
  using bystander = await bystanderOf(server);
  writeFileSync(join(server.cluster, 'postmaster.pid'), `${bystander.pid}\n`);
  expect(await stopServer(shared)).toBe(false);
  expect(() => process.kill(bystander.pid, 0)).not.toThrow();
});

test.each([
  ['of a dead process', '4194303', 0],
  ['of a living process that has not touched it for 5 s', String(process.pid), 5],
])('an election lock %s is taken over', async (_, content, age) => {
  await ensureServer(shared);
  await stopServer(shared);
  const lock = join(shared, 'starter.lock');
  writeFileSync(lock, content);
  utimesSync(lock, new Date(), new Date(Date.now() - age * seconds));
  expect((await ensureServer(shared)).startedHere).toBe(true);
  expect(existsSync(lock)).toBe(false);
});

test('a data folder of another major version is refused with what to do', async () => {
  const { cluster } = await ensureServer(shared);
  await stopServer(shared);
  writeFileSync(join(cluster, 'PG_VERSION'), '17\n');
  await expect(ensureServer(shared)).rejects.toMatchObject({
    code: 'conflict',
    message: `The data folder ${cluster} was written by Postgres 17; this version of Agent Coordinator runs 18.`,
    hint: expect.stringContaining('pg_dump'),
  });
  writeFileSync(join(cluster, 'PG_VERSION'), '18\n');
});

test('a home so deep that its socket has no address gets its socket elsewhere, and never in a folder of others', async () => {
  const home = newHome('d'.repeat(100));
  mkdirSync(home);
  for (const folder of [dirname(home), home]) chmodSync(folder, 0o755);
  const { socketFolder } = placeOf(home);
  expect(socketFolder).not.toContain(home);
  symlinkSync(dirname(home), socketFolder);
  await expect(ensureServer(home)).rejects.toMatchObject({
    code: 'forbidden',
    message: expect.stringContaining(socketFolder),
  });
  unlinkSync(socketFolder);
  const server = await ensureServer(home);
  expect(server.socketFolder).toBe(socketFolder);
  expect(modeOf(socketFolder)).toBe('700');
});

test('a home with characters that shells and lists would take apart works', async () => {
  const home = newHome(`it's, "$HOME" & \`more\``);
  mkdirSync(home);
  for (const folder of [dirname(home), home]) chmodSync(folder, 0o755);
  const server = await ensureServer(home);
  expect(server.cluster).toContain(home);
  expect(await query(server, 'select 1 as value')).toEqual([{ value: 1 }]);
});

test('a server stopped on purpose stays down for reconnects until somebody starts it', async () => {
  const server = await ensureServer(shared);
  expect(await stopServer(shared)).toBe(true);
  expect(await serverStatus(shared)).toMatchObject({ running: false, stopped: true, pid: undefined, version: '18' });
  await expect(ensureServer(shared, { explicit: false })).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('agentcoord down'),
    hint: expect.stringContaining('agentcoord up'),
  });
  expect((await ensureServer(shared)).startedHere).toBe(true);
  expect((await ensureServer(shared, { explicit: false })).cluster).toBe(server.cluster);
});

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { coordinatorOver } from '@agentcoord/contract';
import { localTransport } from '@agentcoord/core';
import { checkLockCalls } from '../checks/lock_calls.ts';
import { checkLockStamps } from '../checks/locks.ts';
import { readStamps } from '../checks/stamps.ts';
import { checkTaskStamps } from '../checks/tasks.ts';
import { Crew } from '../crew.ts';
import type { DoorName } from '../doors/index.ts';
import { readHistories } from '../history.ts';
import type { Finding, Outcome, Proof, Setting } from '../proof.ts';
import { openStage, project, type Stage } from '../stage.ts';
import { Submitter } from '../submitter.ts';

const day = 86_400_000;
const files = ['a.ts', 'b.ts'];
const secondsEach = 6;

/** Where Debian and others put it; FAKETIME_LIBRARY names another place. */
const library = [
  process.env.FAKETIME_LIBRARY ?? '',
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1',
  '/usr/lib/faketime/libfaketime.so.1',
].find((path) => path !== '' && existsSync(path));

/** Proof 12: no clock but the database's matters, and that one may jump. */
export const clock: Proof = {
  name: 'clock',
  title: 'agents a day ahead and behind, a host that slept, a database whose clock jumps',
  promises: ['S1', 'L1', 'L2', 'Q1', 'Q2'],
  seconds: 60,
  async run(setting): Promise<Outcome> {
    const findings: Finding[] = [];
    let cases = 0;
    for (const clockError of [day, -day]) {
      await using stage = await openStage(setting);
      findings.push(...(await work(stage, setting, ['core', 'http'], clockError)));
      cases += 4;
    }
    for (const seconds of [30, 3600]) {
      await using stage = await openStage(setting);
      findings.push(...(await sleep(stage, seconds)));
      cases += 1;
    }
    if (!library)
      return { figures: { cases }, findings, skipped: ['libfaketime is not installed: the database keeps its clock'] };
    for (const jump of ['+2h', '-1h']) {
      findings.push(...(await jumpBy(jump, library, setting)));
      cases += 2;
    }
    return { figures: { cases }, findings };
  },
};

/** Locks and tasks at once, by clients whose clock is wrong; half of them have the right one. */
async function work(
  stage: Stage,
  setting: Setting,
  doors: DoorName[],
  clockError: number,
  meanwhile = async () => {},
): Promise<Finding[]> {
  const folder = join(setting.folder, `clock-${clockError}-${doors.length}-${setting.dice.between(1, 1e9)}`);
  const crews = await Promise.all(
    [clockError, 0].flatMap((wrong, index) => [
      Crew.hire(
        { role: 'locks', doors, clockError: wrong, plan: { paths: files, resourceUrl: stage.url, stopEvery: 1e6 } },
        stage,
        { ...setting, folder: join(folder, `locks${index}`) },
      ),
      Crew.hire({ role: 'tasks', doors, clockError: wrong, plan: { lease_seconds: 2 } }, stage, {
        ...setting,
        folder: join(folder, `tasks${index}`),
      }),
    ]),
  );
  for (const crew of crews) crew.start();
  const submitter = new Submitter(stage, setting.dice.for('clock'), join(folder, 'tasks0'));
  await submitter.submit(100);
  await pause(secondsEach * 500);
  await meanwhile();
  await pause(secondsEach * 500);
  for (const crew of crews) await crew[Symbol.asyncDispose]();
  const failures = crews.flatMap((crew) => crew.failures).map((what) => ({ promise: 'harness', what }));
  const calls = [0, 1].flatMap((index) => readHistories(join(folder, `locks${index}`)));
  const claimed = checkTaskStamps(await readStamps(stage.sql, 'tasks'));
  const held = checkLockStamps(await readStamps(stage.sql, 'locks', 'lock_shares'), files);
  return [...failures, ...claimed, ...held, ...checkLockCalls(calls.toSorted((one, other) => one.asked - other.asked))];
}

/** Everything stands still for a while, which is moved into the past: what lived before lives on. */
async function sleep(stage: Stage, seconds: number): Promise<Finding[]> {
  const { sql, database, administrator } = stage;
  const as = (agent: string) => localTransport(database, project, { agent, agent_type: 'faults', trust: 2 });
  const transport = as('sleeper');
  const { session_id } = await coordinatorOver(transport).registerSession({ beats: true });
  const sleeper = coordinatorOver({ invoke: (operation, input) => transport.invoke(operation, input, { session_id }) });
  await sleeper.acquireLock({ paths: ['asleep.ts'], ttl_seconds: 20 });
  await administrator.submitWork({ title: 'asleep' });
  const { task, claim_token } = await sleeper.getWork({ lease_seconds: 20 });
  await sql`select coord._beat()`;
  await sql`select coord._beat()`;
  await moveBack(stage, seconds);
  const rival = await administrator.acquireLock({ paths: ['asleep.ts'] });
  const stolen = await administrator.getWork();
  const findings: Finding[] = [];
  if (rival.acquired) findings.push({ promise: 'L1', what: `a lock was lost in a sleep of ${seconds} s` });
  if (stolen.claimed) findings.push({ promise: 'Q1', what: `a claim was lost in a sleep of ${seconds} s` });
  const { status } = await sleeper.completeWork({ task_id: String(task?.task_id), claim_token: Number(claim_token) });
  if (status !== 'done')
    findings.push({ promise: 'S1', what: 'the sleeper could not complete its task', seen: status });
  return findings;
}

/** As if nothing had run for so long: every instant that somebody wrote lies further back. */
async function moveBack({ sql }: Stage, seconds: number): Promise<void> {
  await sql
    .unsafe(`
    update coord.pulse set swept_at = swept_at - interval '${seconds} seconds';
    update coord.sessions set lease_expires_at = lease_expires_at - interval '${seconds} seconds',
      fresh_until = fresh_until - interval '${seconds} seconds' where lease_expires_at < 'infinity';
    update coord.locks set expires_at = expires_at - interval '${seconds} seconds';
    update coord.tasks set claim_expires_at = claim_expires_at - interval '${seconds} seconds'`)
    .simple();
}

/** The clock of the database jumps while clients work. */
async function jumpBy(jump: string, preload: string, setting: Setting): Promise<Finding[]> {
  const file = join(setting.folder, `faketime${jump}`);
  writeFileSync(file, '+0');
  const environment = {
    LD_PRELOAD: preload,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
  await using stage = await openStage(setting, environment);
  const found = await work(stage, setting, ['core'], 0, async () => writeFileSync(file, jump));
  // A lock that was granted before the jump and one after it cannot be compared by the clock that jumped.
  return found.filter(({ promise }) => promise !== 'L1' && promise !== 'L4' && promise !== 'Q1');
}

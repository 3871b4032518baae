import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { stopServer } from '../../../packages/core/src/embedded/index.ts';
import { type Place, placeOf } from '../../../packages/core/src/embedded/place.ts';
import { foreignProcess, isAlive, recordedPostmaster } from '../../../packages/core/src/embedded/postmaster.ts';
import { newHome, removeHomes } from '../../embedded/homes.ts';
import { dismissParticipants, type Participant, participate } from '../../embedded/participants.ts';
import type { Finding, Outcome, Proof } from '../proof.ts';

const atOnce = 5;
const connectedWithin = 10;

/** What is found in the data folder by those who come. */
const remains = ['nothing', 'stopped', 'crashed', 'stale pid file', 'left socket'] as const;
/** What the process that starts the server gets in the middle of it. */
const signals = [undefined, 'SIGTERM', 'SIGKILL', 'SIGSTOP', 'SIGHUP'] as const;

interface Case {
  remains: (typeof remains)[number];
  signal: (typeof signals)[number];
}

/** Proof 6: whoever comes at whatever moment, there is one server, and everybody is connected. */
export const ownership: Proof = {
  name: 'ownership',
  title: 'five processes at once on one embedded server, whose starter gets TERM, KILL, STOP or HUP, 25 times',
  promises: ['S8'],
  seconds: 60,
  async run(setting): Promise<Outcome> {
    const findings: Finding[] = [];
    const figures = { cases: 0, 'starters hurt': 0, 's until connected at most': 0 };
    const cases = remains.flatMap((remaining) => signals.map((signal): Case => ({ remains: remaining, signal })));
    let home = newHome();
    try {
      for (; figures.cases < Math.max(1, Math.round(25 * setting.scale)) && !setting.signal.aborted; figures.cases++) {
        const one = cases[figures.cases % cases.length] as Case;
        if (one.remains === 'nothing') home = newHome();
        else await prepare(home, one);
        const { slowest, hurt, found } = await come(home, one, setting.dice.between(0, 60));
        figures['s until connected at most'] = Math.max(
          figures['s until connected at most'],
          Math.round(slowest * 10) / 10,
        );
        if (hurt) figures['starters hurt']++;
        findings.push(...found);
        await dismissParticipants();
      }
    } finally {
      await dismissParticipants();
      await removeHomes();
    }
    return { figures, findings };
  },
};

async function prepare(home: string, { remains: remaining }: Case): Promise<void> {
  const place = placeOf(home);
  if (remaining === 'stopped') return void (await stopServer(home));
  await crash(place);
  if (remaining === 'stale pid file') writeFileSync(join(place.cluster, 'postmaster.pid'), `${process.pid}\n`);
  if (remaining === 'left socket') await leaveSocket(join(place.socketFolder, '.s.PGSQL.5432'));
}

/** The pid file may name anybody: only a process that works in the cluster is its server. */
async function crash(place: Place): Promise<void> {
  const pid = recordedPostmaster(place)?.pid;
  if (pid === undefined || !isAlive(pid) || foreignProcess(place) !== undefined) return;
  process.kill(pid, 'SIGKILL');
  while (isAlive(pid) && foreignProcess(place) === undefined) await pause(10);
}

/** A socket file that nobody listens on, as a killed program leaves it. */
async function leaveSocket(path: string): Promise<void> {
  const server = createServer().listen(`${path}.new`);
  await once(server, 'listening');
  renameSync(`${path}.new`, path);
  await once(server.close(), 'close');
}

async function come(home: string, one: Case, delay: number) {
  const begun = performance.now();
  const seen: Seen = { slowest: 0, hurt: undefined };
  const people = Array.from({ length: atOnce }, () => participate(home));
  const outcomes = await Promise.all(people.map((person) => enter(person, one, delay, seen, begun)));
  const found = outcomes.flatMap((why) => (why ? [{ promise: 'S8', what: why, seen: one }] : []));
  const connected = people.filter((person, index) => outcomes[index] === undefined && person !== seen.hurt);
  const counts = await Promise.all(connected.map((person) => person.visits()));
  if (new Set(counts).size > 1) found.push({ promise: 'S8', what: `different servers: ${counts}`, seen: one });
  return { slowest: seen.slowest, hurt: seen.hurt !== undefined, found };
}

interface Seen {
  slowest: number;
  hurt: Participant | undefined;
}

/** Undefined when it connected in time, or was the one that was hurt; else what went wrong. */
async function enter(
  person: Participant,
  { signal }: Case,
  delay: number,
  seen: Seen,
  begun: number,
): Promise<string | undefined> {
  const late = new Promise<'late'>((resolve) => setTimeout(resolve, connectedWithin * 1000, 'late'));
  try {
    for (;;) {
      const line = await Promise.race([person.nextLine(() => true), late]);
      if (line === 'late') return person === seen.hurt ? undefined : `not connected after ${connectedWithin} s`;
      if (line.startsWith('{')) break;
      if (line !== 'Starting Postgres' || !signal || seen.hurt) continue;
      seen.hurt = person;
      await pause(delay);
      await Promise.race([person.signal(signal), late]);
      // It has ended, or is stopped and says nothing more.
      return undefined;
    }
  } catch (error) {
    return person === seen.hurt ? undefined : String(error);
  }
  seen.slowest = Math.max(seen.slowest, (performance.now() - begun) / 1000);
  return undefined;
}

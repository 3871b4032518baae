import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CoordinationError, coordinatorOver } from '@agentcoord/contract';
import { connect, httpTransport } from '@agentcoord/sdk';
import { startUp } from '../../helpers/agentcoord.ts';
import { during } from '../crew.ts';
import type { Finding, Outcome, Proof, Setting } from '../proof.ts';
import { openStage, project, type Stage } from '../stage.ts';

const callers = 500;
const keys = 25;
const beaters = 20;
const seconds = 40;

/** Proof 16: far more calls at once than the server has connections, and a database that stands still for a while. */
export const starvation: Proof = {
  name: 'starvation',
  title: `${callers} calls at once on the 10 connections of an HTTP server, whose database pauses now and then`,
  promises: ['S4', 'L7'],
  seconds,
  async run(setting): Promise<Outcome> {
    await using stage = await openStage(setting);
    const variables = {
      DATABASE_URL: stage.url,
      AGENTCOORD_HOME: join(stage.cluster.folder, 'home'),
      AGENT_PROJECT: project,
    };
    await using server = await startUp(variables);
    const sessions = await Promise.all(
      Array.from({ length: beaters }, async (_, index) =>
        connect({ url: server.url, api_key: await stage.keyFor(`beater-${index}`), agent_type: 'faults' }),
      ),
    );
    const crowd = await Promise.all(
      Array.from({ length: keys }, async (_, index) =>
        httpTransport({ url: server.url, apiKey: await stage.keyFor(`crowd-${index}`) }),
      ),
    );
    const over = new AbortController();
    const counts = { answered: 0, unavailable: 0, 'limited by rate': 0, 'slowest ms': 0 };
    const findings: Finding[] = [];
    const calling = Array.from({ length: callers }, (_, index) => {
      const coordinator = coordinatorOver(crowd[index % keys] as (typeof crowd)[number]);
      return press(
        () => coordinator.acquireLock({ paths: [`f${index % 50}.ts`], ttl_seconds: 1 }),
        over.signal,
        counts,
        findings,
      );
    });
    const lowest = await watch(stage, setting, findings).finally(() => over.abort());
    await Promise.all(calling);
    await Promise.all(sessions.map((session) => session.close()));
    return {
      figures: { ...counts, 's left of a lease at least': Math.round(lowest) },
      findings: [...findings, ...stage.violations.findings()],
    };
  },
};

type Counts = Record<'answered' | 'unavailable' | 'limited by rate' | 'slowest ms', number>;

async function press(
  call: () => Promise<unknown>,
  signal: AbortSignal,
  counts: Counts,
  findings: Finding[],
): Promise<void> {
  while (!signal.aborted) {
    const begun = performance.now();
    try {
      await call();
      counts.answered++;
    } catch (error) {
      if (error instanceof CoordinationError && error.code === 'unavailable') counts.unavailable++;
      else if (error instanceof CoordinationError && error.code === 'limit_exceeded') {
        counts['limited by rate']++;
        await pause(1000);
      } else findings.push({ promise: 'S4', what: `neither an answer nor "unavailable": ${error}` });
    }
    counts['slowest ms'] = Math.max(counts['slowest ms'], Math.round(performance.now() - begun));
    if (performance.now() - begun > 10_000) findings.push({ promise: 'S4', what: 'a call took more than 10 s' });
  }
}

/** Watches what is left of the leases of sessions that beat, and stops the database for 6 s now and then. */
async function watch(
  { sql, cluster, insist }: Stage,
  { scale, signal }: Setting,
  findings: Finding[],
): Promise<number> {
  let lowest = Number.POSITIVE_INFINITY;
  let round = 0;
  await during(seconds * scale, 1, async () => {
    const [row] = await insist(
      () => sql<{ left: number; lapsed: number }[]>`
      select coalesce(min(extract(epoch from lease_expires_at - clock_timestamp())), 0)::float8 as left,
        (count(*) filter (where ended_at is not null))::integer as lapsed
      from coord.sessions where agent like 'beater-%'`,
    );
    lowest = Math.min(lowest, row?.left ?? 0);
    if (row && (row.left <= 0 || row.lapsed > 0))
      findings.push({ promise: 'L7', what: 'a session that beats has lapsed', seen: row });
    if (++round % 25 === 20) {
      cluster.pause();
      await pause(6000);
      cluster.resume();
    }
    return signal.aborted;
  });
  return lowest;
}

import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { checkChanges, checkRefusals, checkSeals } from '../checks/journal.ts';
import { readStamps } from '../checks/stamps.ts';
import { checkEnds, checkTaskCalls, type FinalTask } from '../checks/task_calls.ts';
import { checkOrder, checkTaskStamps } from '../checks/tasks.ts';
import { Crew, during } from '../crew.ts';
import type { DoorName } from '../doors/index.ts';
import { readHistories } from '../history.ts';
import type { Finding, Outcome, Proof, Setting } from '../proof.ts';
import { openStage, type Stage } from '../stage.ts';
import { openTasks, Submitter } from '../submitter.ts';

const doors: DoorName[] = [...Array<DoorName>(8).fill('core'), 'http', 'http', 'http', 'mcp'];

/** How a queue is tortured. */
interface Torture {
  seconds: number;
  tasks: number;
  /** Seconds between two deaths of workers; 0 for none. */
  killEvery: number;
  /** Seconds between two crashes of the database. */
  crashEvery: number;
  /** Milliseconds at most for which a slow worker says nothing when a planted bug is hunted: claims last two seconds. */
  slowInHunt: number;
}

/** Proof 2: workers die all the time, and so does the database. */
export const taskTorture = torture('tasks', {
  seconds: 90,
  tasks: 5000,
  killEvery: 0.5,
  crashEvery: 3,
  slowInHunt: 6000,
});

/** Ten crashes of the database in half a minute. */
export const crashes = torture('crashes', { seconds: 30, tasks: 1500, killEvery: 0, crashEvery: 3, slowInHunt: 2200 });

function torture(name: string, plan: Torture): Proof {
  const dying = plan.killEvery ? `a worker killed every ${plan.killEvery} s, ` : '';
  return {
    name,
    title: `12 workers, ${plan.tasks} tasks, ${dying}the database crashed every ${plan.crashEvery} s`,
    promises: ['Q1', 'Q2', 'Q3', 'Q4', 'Q5', 'Q6', 'A1'],
    seconds: plan.seconds,
    run: (setting) => run(name, plan, setting),
  };
}

async function run(name: string, plan: Torture, setting: Setting): Promise<Outcome> {
  await using stage = await openStage(setting);
  const folder = join(setting.folder, name);
  const seconds = plan.seconds * setting.scale;
  const count = Math.round(plan.tasks * setting.scale);
  const slow = setting.hunting ? plan.slowInHunt : 2200;
  const workers = { role: 'tasks' as const, doors, plan: { lease_seconds: 2, slow } };
  const crew = await Crew.hire(workers, stage, { ...setting, folder });
  await using _ = crew;
  const submitter = new Submitter(stage, setting.dice.for('tasks'), folder);
  setting.signal.addEventListener('abort', () => {
    submitter.stopped = true;
  });
  // Planted bugs show soonest in a queue that runs dry now and then.
  // A longer run begins with no more than a short one: the submitter waits for workers when there is a heap.
  await submitter.submit(setting.hunting ? 100 : Math.round(plan.tasks * 0.2));
  const submitting = submitter.submit(count - submitter.submitted);
  // Looked at when it is awaited.
  submitting.catch(() => {});
  const findings: Finding[] = [];
  const done = { kills: 0, crashes: 0 };
  const hunt = async () => {
    if (!setting.hunting) return setting.signal.aborted;
    findings.push(...checkTaskStamps(await readStamps(stage.sql, 'tasks').catch(() => [])));
    findings.push(...(await checkChanges(stage.sql).catch(() => [])));
    return findings.length > 0 || setting.signal.aborted;
  };
  crew.start();
  const started = crew.starts;
  const begun = performance.now();
  const killing = plan.killEvery
    ? during(seconds, plan.killEvery, () => {
        crew.killOne();
        done.kills++;
        return setting.signal.aborted || findings.length > 0;
      })
    : undefined;
  await during(seconds, plan.crashEvery, async () => {
    const over = await hunt();
    await hurt(stage, setting, done.crashes++);
    return over;
  });
  await killing;
  // A longer run has as many tasks as the machine could do in its time, and 5,000 at least.
  if (setting.scale > 1) submitter.enough = plan.tasks;
  const tortured = Math.round((performance.now() - begun) / 1000);
  if (!setting.hunting) {
    await submitting;
    await drained(stage, setting.signal);
  }
  submitter.stopped = true;
  await submitting;
  await crew.stop();
  // Of a run that was ended early there is nothing to be said. The last process that was killed may have taken the
  // server with it.
  if (!setting.hunting && !setting.signal.aborted)
    findings.push(...(await stage.insist(() => checkAll(stage, folder))));
  return outcomeOf(stage, crew, folder, { seconds: tortured, ...done, starts: crew.starts - started }, findings);
}

/** An immediate stop mostly; SIGKILL of the postmaster or of one of its children now and then. */
async function hurt({ cluster }: Stage, { dice }: Setting, round: number): Promise<void> {
  if (round % 5 === 4) {
    const [, ...children] = cluster.processes();
    return cluster.killBackend(dice.pick(children));
  }
  await (round % 5 === 2 ? cluster.kill() : cluster.crash());
  await cluster.start();
}

const patience = 90_000;

/** Waits until nothing is left to do, as long as it gets less. */
async function drained(stage: Stage, signal: AbortSignal): Promise<void> {
  let [least, until] = [Number.POSITIVE_INFINITY, 0];
  do {
    const left = await openTasks(stage);
    if (left === 0) return;
    if (left < least) [least, until] = [left, Date.now() + patience];
    await pause(250);
  } while (Date.now() < until && !signal.aborted);
}

async function checkAll({ sql }: Stage, folder: string): Promise<Finding[]> {
  const calls = readHistories(folder);
  const stamps = await readStamps(sql, 'tasks');
  const dependencies = await sql<{ task_id: string; depends_on: string }[]>`
    select task_id, depends_on from coord.task_dependencies`;
  const tasks = await sql<FinalTask[]>`
    select task_id, title, status, attempts, max_attempts, input ->> 'fate' as fate, (result ->> 'token')::float8 as result_token
    from coord.tasks`;
  return [
    ...checkTaskStamps(stamps),
    ...checkOrder(stamps, dependencies),
    ...checkTaskCalls(calls, tasks),
    ...checkEnds(tasks),
    ...(await checkChanges(sql)),
    ...(await checkRefusals(sql, calls)),
    ...(await checkSeals(sql)).findings,
  ];
}

async function outcomeOf(
  stage: Stage,
  crew: Crew,
  folder: string,
  done: Record<string, number>,
  findings: Finding[],
): Promise<Outcome> {
  const calls = readHistories(folder);
  const counts = await stage.insist(
    () => stage.sql<{ status: string; count: number }[]>`
    select status, count(*)::integer from coord.tasks group by status order by count(*) desc`,
  );
  const unknown = calls.filter(({ outcome }) => outcome === 'unknown').length;
  const statuses = Object.fromEntries(counts.map(({ status, count }) => [status, count]));
  const refused = calls.filter(({ outcome }) => outcome === 'refused').length;
  const [journal] = await stage.insist(
    () => stage.sql<{ rows: number }[]>`select count(*)::integer as rows from coord.journal`,
  );
  const told = { refused, 'journal rows': journal?.rows ?? 0 };
  const figures = {
    calls: calls.length,
    unknown,
    ...told,
    ...statuses,
    ...done,
    'violation rounds': stage.violations.rounds,
  };
  const failed = crew.failures.map((what) => ({ promise: 'harness', what }));
  const broken = calls
    .filter(({ code }) => code === 'internal')
    .map((seen) => ({ promise: 'S4', what: 'internal error', seen }));
  return { figures, findings: [...findings, ...failed, ...broken, ...stage.violations.findings()] };
}

import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { checkLockStamps, intersections } from '../checks/locks.ts';
import { readStamps, type Stamp } from '../checks/stamps.ts';
import { checkTaskStamps, isClaim } from '../checks/tasks.ts';
import { Crew } from '../crew.ts';
import type { DoorName } from '../doors/index.ts';
import type { Finding, Outcome, Proof } from '../proof.ts';
import { openStage, type Stage } from '../stage.ts';

const doors: DoorName[] = ['core', 'core', 'core', 'http', 'http', 'mcp'];
const files = ['src/a.ts', 'src/b.ts', 'src/c.ts', 'lib/e.ts', 'lib/f.ts', 'docs/g.md'];

/** Twelve tasks, of which many share a file. */
const scopes: readonly string[][] = [
  ['src/a.ts'],
  ['src/b.ts'],
  ['src/c.ts', 'lib/e.ts'],
  ['src/'],
  ['lib/*.ts'],
  ['lib/f.ts'],
  ['docs/g.md'],
  ['docs/g.md', 'src/a.ts'],
  ['src/', 'lib/e.ts'],
  ['lib/'],
  ['src/b.ts', 'docs/g.md'],
  ['lib/e.ts'],
];

/** A round of twelve that takes longer has stalled: each task works for a tenth of a second at most. */
const patience = 20_000;

/** Tasks that declare the files they change: no two that clash run together, and the queue goes on. */
export const taskScopes: Proof = {
  name: 'scopes',
  title: '12 tasks with overlapping paths and six workers, again and again',
  promises: ['L4', 'Q1', 'Q4'],
  seconds: 30,
  async run(setting): Promise<Outcome> {
    await using stage = await openStage(setting);
    const folder = join(setting.folder, 'scopes');
    const crew = await Crew.hire({ role: 'tasks', doors, plan: { lease_seconds: 60 } }, stage, { ...setting, folder });
    await using _ = crew;
    crew.start();
    const figures = { rounds: 0, tasks: 0, 'slowest round ms': 0 };
    const findings: Finding[] = [];
    const rounds = Math.max(1, Math.round(15 * setting.scale));
    while (figures.rounds < rounds && findings.length === 0 && !setting.signal.aborted) {
      const begun = performance.now();
      const order = scopes.toSorted(() => setting.dice.fraction() - 0.5);
      for (const paths of order) {
        await stage.administrator.submitWork({ title: paths.join(' '), paths, input: { fate: 'works' } });
      }
      const left = await untilDone(stage);
      if (left > 0) findings.push({ promise: 'Q4', what: `${left} of 12 tasks are left after ${patience / 1000} s` });
      figures.rounds++;
      figures.tasks += order.length;
      figures['slowest round ms'] = Math.max(figures['slowest round ms'], Math.round(performance.now() - begun));
    }
    const stamps = await readStamps(stage.sql, 'tasks');
    const locks = await readStamps(stage.sql, 'locks', 'lock_shares');
    findings.push(...checkTaskStamps(stamps), ...clashes(stamps), ...checkLockStamps(locks, files));
    return { figures, findings: [...findings, ...stage.violations.findings()] };
  },
};

async function untilDone({ sql }: Stage): Promise<number> {
  for (const until = Date.now() + patience; ; await pause(20)) {
    const [row] = await sql<
      { left: number }[]
    >`select count(*)::integer as left from coord.tasks where status <> 'done'`;
    if (row?.left === 0 || Date.now() > until) return row?.left ?? 0;
  }
}

/** Walks through the stamps and looks, at each claim, at what else is claimed. */
function clashes(stamps: readonly Stamp[]): Finding[] {
  const meet = intersections(files);
  const running = new Map<string, string[]>();
  return stamps.flatMap((stamp) => {
    const { key, became } = stamp;
    if (became?.status !== 'claimed') running.delete(key);
    if (!isClaim(stamp)) return [];
    const paths = String(became?.title).split(' ');
    const others = [...running.values()].filter((other) => other.some((path) => paths.some((own) => meet(path, own))));
    running.set(key, paths);
    return others.map((other) => ({ promise: 'L4', what: `${paths} and ${other} ran together` }));
  });
}

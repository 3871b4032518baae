import { join } from 'node:path';
import { checkLockCalls } from '../checks/lock_calls.ts';
import { checkLockStamps } from '../checks/locks.ts';
import { readStamps } from '../checks/stamps.ts';
import { Crew, during, tell } from '../crew.ts';
import type { DoorName } from '../doors/index.ts';
import { readHistories } from '../history.ts';
import type { Finding, Outcome, Proof, Setting } from '../proof.ts';
import type { StaleWrite } from '../roles/locks.ts';
import { openStage, type Stage } from '../stage.ts';

/** Time for 30,000 calls on two cores. */
const seconds = 80;
const doors: DoorName[] = [...Array<DoorName>(10).fill('core'), ...Array<DoorName>(4).fill('http'), 'mcp', 'mcp'];

/** All files that the paths below can mean. */
const files = ['src/a.ts', 'src/b.ts', 'lib/e.ts', 'lib/f.ts', 'docs/g.md', 'resource:port-1'];
const paths = [...files, 'src/', 'lib/*.ts'];

/** Proof 1: processes that fight for a few locks, and holders that are stopped past their time. */
export const lockTorture: Proof = {
  name: 'locks',
  title: '16 processes, 8 paths, TTL 1–2 s, holders stopped past their time and made to write',
  promises: ['L1', 'L2', 'L3', 'L4', 'L5'],
  seconds,
  async run(setting): Promise<Outcome> {
    await using stage = await openStage(setting);
    const counts = { pauses: 0, 'stale writes refused': 0 };
    const findings: Finding[] = [];
    const folder = join(setting.folder, 'locks');
    const plan = { paths, resourceUrl: stage.url, stopEvery: 4 };
    const crew = await Crew.hire({ role: 'locks', doors, plan }, stage, { ...setting, folder });
    await using _ = crew;
    crew.onMessage = (message, member) => {
      if ('stop_for_seconds' in message) {
        counts.pauses++;
        member.kill('SIGSTOP');
        setTimeout(
          () => {
            member.kill('SIGCONT');
            tell(member, 'go');
          },
          Number(message.stop_for_seconds) * 1000 + setting.dice.between(200, 900),
        );
      }
      if ('stale' in message) {
        const { stale, let_through } = message as unknown as StaleWrite;
        if (!let_through) counts['stale writes refused']++;
        else findings.push({ promise: 'L3', what: `a ${stale} with a stale token was let through` });
      }
    };
    crew.start();
    const begun = performance.now();
    await during(seconds * setting.scale, setting.hunting ? 3 : 1, async () => {
      if (setting.hunting) findings.push(...(await check(stage, folder)));
      return setting.signal.aborted || (setting.hunting && findings.length > 0);
    });
    // A slow machine gets as much time again to see what it has to have seen.
    if (!setting.hunting && lacking(setting, counts).length > 0) {
      await during(seconds * setting.scale, 1, () => setting.signal.aborted || lacking(setting, counts).length === 0);
    }
    const tortured = Math.round((performance.now() - begun) / 1000);
    await crew.stop();
    if (!setting.hunting) findings.push(...(await check(stage, folder)));
    return outcomeOf(setting, crew, { stage, folder, findings, counts: { seconds: tortured, ...counts } });
  },
};

type Counts = Record<'pauses' | 'stale writes refused', number>;

/** What the proof has to have seen to be worth anything. */
function lacking({ scale }: Setting, counts: Counts): Finding[] {
  const least: Counts = { pauses: 100 * scale, 'stale writes refused': 50 * scale };
  return (Object.keys(least) as (keyof Counts)[]).flatMap((name) =>
    counts[name] < least[name] ? [{ promise: 'figures', what: `only ${counts[name]} ${name}` }] : [],
  );
}

async function check({ sql }: Stage, folder: string): Promise<Finding[]> {
  return [
    ...checkLockStamps(await readStamps(sql, 'locks', 'lock_shares'), files),
    ...checkLockCalls(readHistories(folder)),
  ];
}

interface Seen {
  stage: Stage;
  folder: string;
  findings: Finding[];
  counts: Counts & { seconds: number };
}

function outcomeOf(setting: Setting, crew: Crew, { stage, folder, findings, counts }: Seen): Outcome {
  const calls = readHistories(folder);
  const figures = { calls: calls.length, ...counts, 'violation rounds': stage.violations.rounds };
  const failed = crew.failures.map((what) => ({ promise: 'harness', what }));
  const broken = calls
    .filter(({ code }) => code === 'internal')
    .map((seen) => ({ promise: 'S4', what: 'internal error', seen }));
  const few = setting.hunting ? [] : lacking(setting, counts);
  return { figures, findings: [...findings, ...failed, ...broken, ...few, ...stage.violations.findings()] };
}

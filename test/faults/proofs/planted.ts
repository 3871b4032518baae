import type { Finding, Outcome, Proof, Setting } from '../proof.ts';
import { approvals } from './approvals.ts';
import { eventStreams } from './events.ts';
import { lockTorture } from './locks.ts';
import { crashes, taskTorture } from './tasks.ts';

/** Seconds of one hunt. */
const findWithin = 60;

/** A hunt depends on how much is done in its time, so on a busy machine it may find nothing; each one is in the figures. */
const hunts = 3;

const missed: string = 'missed';

/** The torture that has to find each planted bug. */
export const hunters: Record<string, Proof> = {
  no_fencing: lockTorture,
  sequence_tokens: lockTorture,
  do_nothing: lockTorture,
  completion_by_id: taskTorture,
  blind_sweeper: crashes,
  silent_change: taskTorture,
  blind_horizon: eventStreams,
  approval_reuse: approvals,
};

/** The proofs can fail: each planted bug is found, once in the short profile, more often in longer ones. */
export const plantedBugs: Proof = {
  name: 'planted',
  title: `${Object.keys(hunters).length} planted bugs, each of which must be found in a hunt of ${findWithin} s`,
  promises: ['the proofs themselves'],
  seconds: 120,
  async run(setting): Promise<Outcome> {
    const findings: Finding[] = [];
    const figures: Record<string, string> = {};
    for (const [bug, proof] of Object.entries(hunters)) {
      for (let round = 1; round <= Math.max(1, Math.round(setting.scale)) && !setting.signal.aborted; round++) {
        const tries: string[] = [];
        while (tries.length < hunts && tries.every((one) => one === missed) && !setting.signal.aborted) {
          const seconds = await hunt(bug, proof, setting, `${round}.${tries.length + 1}`);
          tries.push(seconds === undefined ? missed : `${seconds} s`);
        }
        figures[bug] = [figures[bug], tries.join(', ')].filter(Boolean).join(' / ');
        if (tries.at(-1) === missed) findings.push({ promise: 'planted', what: `${bug} was not found` });
      }
    }
    return { figures, findings };
  },
};

/** Seconds of torture until it was found. */
async function hunt(bug: string, proof: Proof, setting: Setting, name: string): Promise<number | undefined> {
  const hunting = {
    ...setting,
    bug,
    hunting: true,
    dice: setting.dice.for(`${bug} ${name}`),
    folder: `${setting.folder}/${bug}-${name}`,
  };
  const scale = findWithin / proof.seconds;
  const { findings, figures } = await proof.run({ ...hunting, scale });
  const real = findings.filter(({ promise }) => promise !== 'harness' && promise !== 'must be 0');
  return real.length > 0 ? Number(figures.seconds) : undefined;
}

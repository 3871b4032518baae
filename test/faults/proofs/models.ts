import fc from 'fast-check';
import { LockModel } from '../models/locks.ts';
import { explain, type Model, type Step } from '../models/model.ts';
import { type Draw, lockPlay, type Play, taskPlay } from '../models/play.ts';
import { TaskModel } from '../models/tasks.ts';
import { openServer, openWorld, type World } from '../models/world.ts';
import type { Finding, Outcome, Proof, Setting } from '../proof.ts';
import { openStage, type Stage } from '../stage.ts';

const runs = 150;
const length = 60;

/** Proof 8: the product and a model that fits on a page answer alike, one call at a time and two at once. */
export const models: Proof = {
  name: 'models',
  title: `models of locks and of work, ${2 * runs} runs of ${length} steps through two doors, one at a time and interleaved`,
  promises: ['L1', 'L2', 'L4', 'L5', 'Q1', 'Q2', 'Q5', 'Q6', 'Q7', 'S3'],
  seconds: 50,
  async run(setting): Promise<Outcome> {
    await using stage = await openStage(setting);
    await using server = await openServer(stage);
    const figures = { runs: 0, steps: 0, 'at once': 0 };
    const worldOf = (name: string) => openWorld(stage, server, `${name}-${++figures.runs}`);
    const locks = ['acquire', 'acquire', 'release', 'expire', 'look'];
    const tasks = ['submit', 'claim', 'claim', 'complete', 'complete', 'give_back', 'expire', 'look'];
    const findings = [
      ...(await follow('locks', locks, setting, figures, async () =>
        playOf(await worldOf('locks'), stage, lockPlay, new LockModel()),
      )),
      ...(await follow('work', tasks, setting, figures, async () =>
        playOf(await worldOf('work'), stage, taskPlay, new TaskModel()),
      )),
    ];
    return { figures, findings: [...findings, ...stage.violations.findings()] };
  },
};

interface Game<Deed extends Step> {
  play: Play<Deed>;
  model: Model<Deed>;
}

function playOf<Deed extends Step>(
  world: World,
  stage: Stage,
  play: (world: World, stage: Stage) => Play<Deed>,
  model: Model<Deed>,
): Game<Deed> {
  return { play: play(world, stage), model };
}

type Figures = { runs: number; steps: number; 'at once': number };

async function follow<Deed extends Step>(
  name: string,
  kinds: string[],
  setting: Setting,
  figures: Figures,
  open: () => Promise<Game<Deed>>,
): Promise<Finding[]> {
  const property = fc.asyncProperty(
    fc.boolean(),
    fc.array(draws(kinds), { minLength: length, maxLength: length }),
    async (interleaved, list) => {
      if (setting.signal.aborted) return;
      const { play, model } = await open();
      await run(play, model, interleaved ? list : list.map((draw) => ({ ...draw, together: false })), figures);
    },
  );
  const seed = setting.dice.for(name).between(1, 2 ** 31 - 1);
  const numRuns = Math.max(1, Math.round(runs * setting.scale));
  const result = await fc.check(property, { seed, numRuns, interruptAfterTimeLimit: 90_000 });
  if (!result.failed) return [];
  const shrunk = result.counterexample?.[1].filter(({ kind }) => kind !== 'nothing');
  const what = `${name}: ${result.errorInstance ?? 'diverged'} (fast-check seed ${seed})`;
  return [{ promise: 'S3', what, seen: { interleaved: result.counterexample?.[0], shrunk } }];
}

/** Steps that shrink to nothing, so that what is left of a counterexample is what matters. */
function draws(kinds: string[]): fc.Arbitrary<Draw> {
  return fc.record({
    kind: fc.constantFrom('nothing', ...kinds, ...kinds),
    actor: fc.nat(2),
    first: fc.nat(1000),
    second: fc.nat(1000),
    flag: fc.boolean(),
    together: fc.boolean(),
  });
}

async function run<Deed extends Step>(
  play: Play<Deed>,
  start: Model<Deed>,
  list: readonly Draw[],
  figures: Figures,
): Promise<void> {
  let candidates: Model<Deed>[] = [start];
  const told: unknown[] = [];
  for (let index = 0; index < list.length; ) {
    const pair = list.slice(index, index + 2);
    // Moving time takes several statements, so it is never at the same time as anything.
    const together = pair[0]?.together && pair.every(({ kind }) => kind !== 'expire');
    const group = together ? pair : pair.slice(0, 1);
    index += group.length;
    const deeds = group.map((draw) => play.mean(draw));
    const answers = await Promise.all(deeds.map((deed) => play.perform(deed)));
    figures.steps += deeds.length;
    if (deeds.length > 1) figures['at once']++;
    told.push({ deeds, answers });
    const before = candidates;
    candidates = explain(candidates, deeds, answers);
    if (candidates.length === 0) {
      throw new Error(
        `no order explains ${JSON.stringify(told.slice(-3))}; before: ${before.map((model) => model.fingerprint())}`,
      );
    }
  }
}

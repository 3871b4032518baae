import type { Board } from './board.ts';
import { runCoordinated } from './coordinated.ts';
import type { Options } from './options.ts';
import { setStage } from './stage.ts';
import { runUncoordinated } from './uncoordinated.ts';
import { type Findings, isFlawless, verify } from './verification.ts';

/** What a run came to; `--json` prints it. */
export interface Outcome {
  coordinated: boolean;
  seed: number;
  tasks: number;
  edits: number;
  seconds: number;
  /** Times an agent waited for a lock, for how long in all, and how often it was refused meanwhile. */
  waits: number;
  waited_seconds: number;
  refusals: number;
  agents: { agent: string; door: string; tasks_done: number[]; killed: boolean; wrote: number; read: number }[];
  approvals: Board['approvals'];
  handoffs: Board['handoffs'];
  /** Attempts that were given up and made again. */
  setbacks: readonly string[];
  findings: Findings;
  flawless: boolean;
}

/** Runs the agents to the end and holds what they did against git. What was started for it is left to `cleanup`. */
export async function demonstrate(options: Options, board: Board, cleanup: AsyncDisposableStack): Promise<Outcome> {
  const begun = performance.now();
  const stage = await setStage(options, board, cleanup);
  const commits = options.coordinated ? await runCoordinated(stage) : await runUncoordinated(stage);
  const seconds = secondsOf(performance.now() - begun);
  const { copy, base, tasks } = stage;
  const findings = await verify(copy, base, tasks, { done: board.done, ...(commits ? { commits } : {}) });
  return {
    coordinated: options.coordinated,
    seed: options.seed,
    tasks: tasks.length,
    edits: tasks.flatMap(({ edits }) => edits).length,
    seconds,
    waits: board.waits,
    waited_seconds: secondsOf(board.waitedMilliseconds),
    refusals: board.refusals,
    agents: board.rows.map(({ name, door, done, killed, wrote, read }) => ({
      ...{ agent: name, door, tasks_done: done, killed, wrote, read },
    })),
    approvals: board.approvals,
    handoffs: board.handoffs,
    setbacks: board.setbacks,
    findings,
    flawless: isFlawless(findings),
  };
}

function secondsOf(milliseconds: number): number {
  return Math.round(milliseconds / 100) / 10;
}

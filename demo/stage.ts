import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Board } from './board.ts';
import { repository } from './environment.ts';
import type { Options } from './options.ts';
import { planOf, type Task } from './plan.ts';
import { cloneRepository, type WorkingCopy } from './working_copy.ts';

/** Everything a run needs; `cleanup` takes it all away again. */
export interface Stage {
  /** Temporary; nothing is written outside of it. */
  folder: string;
  copy: WorkingCopy;
  /** The commit that the agents start from. */
  base: string;
  tasks: readonly Task[];
  board: Board;
  cleanup: AsyncDisposableStack;
}

/** Clones this repository into a temporary folder and plans the tasks. */
export async function setStage(options: Options, board: Board, cleanup: AsyncDisposableStack): Promise<Stage> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'agentcoord-demo-')));
  cleanup.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const copy = await cloneRepository(repository, join(folder, 'clone'));
  const files = (await copy.git('ls-files', 'packages/*/src/*.ts')).split('\n');
  const tasks = planOf(options.tasks, options.seed, files);
  return { folder, copy, base: await copy.git('rev-parse', 'HEAD'), tasks, board, cleanup };
}

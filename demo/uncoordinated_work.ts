import { readFile, rename, writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { Tell } from './events.ts';
import type { Task } from './plan.ts';
import type { WorkingCopy } from './working_copy.ts';

/** Milliseconds between reading the list and ticking a task off. */
const choosing = 80;

/** The life of an agent that talks to nobody: the next task of a shared list, edited and committed without asking. */
export async function workUncoordinated(listFile: string, copy: WorkingCopy, tell: Tell): Promise<void> {
  for (;;) {
    const task = await takeNext(listFile);
    if (!task) return;
    tell({ event: 'took', task: task.number });
    for (const [written, edit] of task.edits.entries()) {
      tell({ event: 'editing', path: edit.path, written, left: task.edits.length - written });
      await copy.edit(edit);
    }
    tell({ event: 'committing' });
    await commit(task, copy);
    tell({ event: 'done', task: task.number });
  }
}

/** Writes the list that agents take their tasks from. */
export async function writeList(listFile: string, tasks: readonly (Task & { taken?: boolean })[]): Promise<void> {
  const draft = `${listFile}.${process.pid}`;
  await writeFile(draft, JSON.stringify(tasks));
  // Nobody reads half a list, so that what goes wrong is not the fault of the file.
  await rename(draft, listFile);
}

async function takeNext(listFile: string): Promise<Task | undefined> {
  const tasks: (Task & { taken?: boolean })[] = JSON.parse(await readFile(listFile, 'utf8'));
  const next = tasks.find(({ taken }) => !taken);
  if (!next) return undefined;
  await pause(choosing);
  next.taken = true;
  await writeList(listFile, tasks);
  return next;
}

/** Git refuses while somebody else commits, or when another's commit took our lines along; then it is left at that. */
async function commit({ number, title, edits }: Task, copy: WorkingCopy): Promise<void> {
  const paths = edits.map(({ path }) => path);
  for (let tries = 1; tries <= 3; tries++) {
    try {
      await copy.commit(paths, title, number);
      return;
    } catch {
      await pause(100 * Math.random());
    }
  }
}

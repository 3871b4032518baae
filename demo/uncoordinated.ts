import { join } from 'node:path';
import { Crew, members } from './crew.ts';
import { neutralEnvironment } from './environment.ts';
import type { Event } from './events.ts';
import type { Stage } from './stage.ts';
import { workUncoordinated, writeList } from './uncoordinated_work.ts';
import { WorkingCopy } from './working_copy.ts';

/** Lets the same agents make the same edits without asking anybody. */
export async function runUncoordinated({ folder, copy, tasks, board, cleanup }: Stage): Promise<void> {
  const listFile = join(folder, 'tasks.json');
  await writeList(listFile, tasks);
  const crew = cleanup.use(new Crew());
  await Promise.all(
    members.map(async ({ name, door }) => {
      const tell = (event: Event) => board.hear(name, event);
      const env = { ...neutralEnvironment(), AGENT_ID: name };
      if (door === 'sdk') await workUncoordinated(listFile, new WorkingCopy(copy.root, name), tell);
      else await crew.run(name, { words: ['list', listFile], cwd: copy.root, env, tell });
      board.noteLeft(name);
    }),
  );
}

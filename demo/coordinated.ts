import { join } from 'node:path';
import type { Coordinator } from '@agentcoord/contract';
import { openSession } from '@agentcoord/sdk';
import { approveAll } from './approvals.ts';
import { type OwnCoordinator, startCoordinator } from './coordinator.ts';
import { Crew, type Member, members } from './crew.ts';
import { neutralEnvironment } from './environment.ts';
import type { Event } from './events.ts';
import { closeGate, openGate } from './gate.ts';
import type { Stage } from './stage.ts';
import { watched } from './watched.ts';
import { work } from './work.ts';
import { WorkingCopy } from './working_copy.ts';

/** Lets the six agents drain the queue, each through its door; answers the commit the queue has for each task. */
export async function runCoordinated(stage: Stage): Promise<Map<number, string>> {
  const { folder, copy, cleanup } = stage;
  const environment = { ...neutralEnvironment(), AGENTCOORD_HOME: join(folder, 'home') };
  const coordinator = await startCoordinator(copy.root, environment, cleanup);
  const { administrator } = coordinator;
  const gate = await closeGate(administrator);
  const taskIds = await submitAll(administrator, stage, gate.task_id);
  const crew = cleanup.use(new Crew());
  const tell = listener(stage, crew);
  const agents = members.map(async (member) => {
    if (member.door === 'sdk') await workHere(member, coordinator, stage);
    else {
      const env = { ...environment, ...(await credentialsOf(member, coordinator)) };
      const start = { words: [member.door], cwd: copy.root, tell: tell(member) };
      if (member.shift) await crew.run(member.name, { ...start, env: { ...env, DEMO_SHIFT: String(member.shift) } });
      await crew.run(member.name, { ...start, env });
    }
    stage.board.noteLeft(member.name);
  });
  const begun = openGate(administrator, gate).then(() => stage.board.announce('all agents are here and begin'));
  const stop = new AbortController();
  const approving = approveAll(administrator, stop.signal);
  try {
    await Promise.all([begun, ...agents]);
  } finally {
    stop.abort();
    await approving;
  }
  return completedCommits(administrator, taskIds);
}

/** Dependencies come first, so that their ids are known; the gate comes before all. */
async function submitAll({ submitWork }: Coordinator, { tasks }: Stage, gate: string): Promise<Map<number, string>> {
  const taskIds = new Map<number, string>();
  for (const { number, title, edits, needs_approval, depends_on } of tasks) {
    const before = depends_on.map((earlier) => taskIds.get(earlier) as string);
    const input = { number, edits, needs_approval };
    // An agent that fails or dies must not keep the others waiting for a minute.
    const { task_id } = await submitWork({ title, input, depends_on: [gate, ...before], retry_seconds: 1 });
    taskIds.set(number, task_id);
  }
  return taskIds;
}

/** A remote agent brings a key; the others are who they say they are, on a database that only this user can open. */
async function credentialsOf({ name, door }: Member, { url, keyOf }: OwnCoordinator): Promise<Record<string, string>> {
  if (door !== 'http') return { AGENT_ID: name };
  return { AGENT_ID: name, AGENTCOORD_URL: url, AGENTCOORD_API_KEY: await keyOf(name) };
}

/** The agent that needs no process of its own. */
async function workHere({ name }: Member, { transportOf }: OwnCoordinator, stage: Stage): Promise<void> {
  const tell = (event: Event) => stage.board.hear(name, event);
  const session = stage.cleanup.use(await openSession(watched(transportOf(name), tell), { agent_type: 'demo' }));
  await work(session, new WorkingCopy(stage.copy.root, name), tell);
  await session.close();
}

/** Passes on what agents say; kills the first MCP agent that is in the middle of a task when a quarter is done. */
function listener({ board, tasks }: Stage, crew: Crew): (member: Member) => (event: Event) => void {
  let victim: string | undefined;
  return ({ name, door }) =>
    (event) => {
      if (name === victim) return;
      board.hear(name, event);
      const halfDone = event.event === 'editing' && event.written > 0 && event.left > 1;
      if (victim || door !== 'mcp' || !halfDone || board.done.length < tasks.length / 4) return;
      victim = name;
      crew.kill(name);
      board.noteKilled(name);
    };
}

async function completedCommits({ getTask }: Coordinator, taskIds: Map<number, string>): Promise<Map<number, string>> {
  const commits = new Map<number, string>();
  for (const [number, task_id] of taskIds) {
    const { status, result } = await getTask({ task_id });
    if (status === 'done') commits.set(number, String(result?.commit));
  }
  return commits;
}

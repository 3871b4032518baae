import { type Coordinator, coordinatorOver } from '@agentcoord/contract';
import { configOf } from '../configuration.ts';
import { commandLineCaller, connect } from '../connection.ts';
import type { Globals } from '../globals.ts';
import { code, inline, list, quoted, section, table } from '../markdown.ts';
import { print, printJson, printProgress } from '../output.ts';

/** Threads that are written out with all their posts; the others are in the list only. */
const threadsInFull = 20;

/** Prints how things stand, and the board, as Markdown; with `--json` what that is made of. */
export async function exportProject({ json, ...globals }: Globals): Promise<void> {
  const config = configOf(globals);
  await using connection = await connect(config, { identity: commandLineCaller(config), onProgress: printProgress });
  const facts = await gather(coordinatorOver(connection.transport));
  if (json) printJson(facts);
  else print(documentOf(facts));
}

async function gather(coordinator: Coordinator) {
  const [board, { locks }, { approvals }, { threads }, { decisions }, { handoffs }] = await Promise.all([
    coordinator.getTaskBoard(),
    coordinator.checkLocks(),
    coordinator.listApprovals({ status: 'pending' }),
    coordinator.listThreads({ limit: 200 }),
    coordinator.listDecisions({ limit: 200 }),
    coordinator.readHandoff({ limit: 10 }),
  ]);
  const statuses = ['claimed', 'ready', 'blocked', 'scheduled', 'failed'] as const;
  const tasks = await Promise.all(statuses.map(async (status) => (await coordinator.listTasks({ status })).tasks));
  const open = threads.filter(({ status }) => status !== 'resolved').slice(0, threadsInFull);
  const posts = await Promise.all(open.map(({ thread_id }) => coordinator.readThread({ thread_id, limit: 200 })));
  return {
    exported_at: new Date().toISOString(),
    board,
    tasks: tasks.flat(),
    locks,
    approvals,
    threads,
    posts,
    decisions,
    handoffs,
  };
}

type Facts = Awaited<ReturnType<typeof gather>>;

/** The document: what is going on, then what was said. */
export function documentOf(facts: Facts): string {
  const counts = Object.entries(facts.board.tasks).map(([status, count]) => `${count} ${status}`);
  return [
    `# Status at ${facts.exported_at}`,
    `Tasks: ${counts.join(', ')}. Locks: ${facts.board.locks}.`,
    ...section('Agents', [agentsOf(facts)]),
    ...section('Approvals that wait', [approvalsOf(facts)]),
    ...section('Tasks', [tasksOf(facts)]),
    ...section('Locks', [locksOf(facts)]),
    ...section('Board', boardOf(facts)),
    ...section('Decisions', [decisionsOf(facts)]),
    ...section('Handoffs', facts.handoffs.flatMap(handoffOf)),
  ].join('\n\n');
}

function agentsOf({ board }: Facts): string {
  return table(
    ['agent', 'type', 'presence', 'working on', 'tasks'],
    board.agents.map(({ agent, agent_type, presence, working_on, tasks }) => [
      ...[inline(agent), inline(agent_type), presence, inline(working_on ?? '')],
      tasks.map(({ title }) => inline(title)).join('; '),
    ]),
  );
}

function approvalsOf({ approvals }: Facts): string {
  return list(
    approvals.map(
      ({ approval_id, action_type, description, risk, requested_by, expires_at }) =>
        `${code(approval_id)} ${inline(requested_by)} asks for ${inline(action_type)} (risk ${risk}), until ${expires_at}: ` +
        inline(description),
    ),
  );
}

function tasksOf({ tasks }: Facts): string {
  return table(
    ['status', 'priority', 'title', 'agent', 'task'],
    tasks.map(({ status, priority, title, agent, assignee, task_id }) => [
      ...[status, String(priority), inline(title), inline(agent ?? assignee ?? ''), code(task_id)],
    ]),
  );
}

function locksOf({ locks }: Facts): string {
  return table(
    ['path', 'agent', 'reason', 'until'],
    locks.map(({ path, agent, reason, expires_at }) => [code(path), inline(agent), inline(reason ?? ''), expires_at]),
  );
}

function boardOf({ threads, posts }: Facts): string[] {
  const names = ['status', 'priority', 'title', 'opened by', 'posts', 'last change'];
  const rows = threads.map((thread) => [
    ...[thread.status, thread.priority, inline(thread.title), inline(thread.agent)],
    ...[String(thread.posts), thread.changed_at],
  ]);
  const texts = posts.flatMap(({ thread, posts: all }) =>
    section(
      inline(thread.title),
      all.flatMap(({ agent, posted_at, text }) => [`**${inline(agent)}**, ${posted_at}:`, quoted(text)]),
      3,
    ),
  );
  return [table(names, rows), ...texts];
}

function decisionsOf({ decisions }: Facts): string {
  return list(
    decisions.map(
      ({ agent, type, context, reason, decided_at }) =>
        `${decided_at} ${inline(agent)} (${inline(type)}): ${inline(context)} Because: ${inline(reason)}`,
    ),
  );
}

function handoffOf(handoff: Facts['handoffs'][number]): string[] {
  const { agent, created_at, automatic, summary, relevant_files } = handoff;
  const lists = ['completed', 'in_progress', 'decisions', 'next_steps'] as const;
  return section(
    `${inline(agent)}, ${created_at}${automatic ? ' (from the journal)' : ''}`,
    [
      quoted(summary),
      ...lists.flatMap((name) => section(name.replace('_', ' '), [list(handoff[name].map(inline))], 4)),
      ...section('relevant files', [list(relevant_files.map(code))], 4),
    ],
    3,
  );
}

import type { Outcome } from './demonstration.ts';
import type { Findings } from './verification.ts';

const failures: Record<keyof Findings, string> = {
  lost_edits: 'edits lost',
  repeated_edits: 'edits made more than once',
  damaged_files: 'files that lost lines of their own',
  uncommitted_files: 'files left uncommitted',
  tasks_without_commit: 'tasks without a commit',
  tasks_committed_twice: 'tasks committed more than once',
  tasks_done_twice: 'tasks done more than once',
  tasks_out_of_order: 'tasks committed before one they depend on',
  tasks_misreported: 'tasks whose report in the queue disagrees with git',
};

/** The outcome in words. */
export function summaryOf(outcome: Outcome): string {
  return [...(outcome.coordinated ? coordinatedLines(outcome) : uncoordinatedLines(outcome))].join('\n');
}

function* coordinatedLines(outcome: Outcome): Generator<string> {
  const { tasks, edits, seconds, waits, waited_seconds, refusals, agents, setbacks, flawless } = outcome;
  yield `${tasks} tasks with ${edits} edits by ${agents.length} agents in ${seconds} s. ` +
    `Agents waited ${waits} times for a lock,`;
  yield `${waited_seconds} s in all, and were refused ${refusals} times meanwhile.`;
  const killed = agents.find((agent) => agent.killed);
  if (killed) yield `${killed.agent} was killed in the middle of a task: it went back to the queue, another did it.`;
  const [wrote, read] = [sumOf(agents, 'wrote'), sumOf(agents, 'read')];
  yield `They wrote each other ${wrote} messages and read ${read}.`;
  yield* outcome.approvals.map(
    ({ agent, task, by }) => `${agent} had to ask before it committed task ${task}: ${by} approved.`,
  );
  yield* outcome.handoffs.map(
    ({ agent, was_read }) =>
      `${agent} left a handoff${was_read ? '; its next session was offered it and read it' : ''}.`,
  );
  yield* setbacks.map((setback) => `Made again: ${setback}`);
  yield '';
  if (flawless) yield 'Git agrees: no edit lost, each task done and committed once, in order, nothing left over.';
  else yield* failureLines(outcome, 20);
}

function* uncoordinatedLines(outcome: Outcome): Generator<string> {
  yield `${outcome.tasks} tasks with ${outcome.edits} edits by ${outcome.agents.length} agents in ${outcome.seconds} s,`;
  yield 'without locks and claims. This is what git says of it:';
  yield '';
  yield* failureLines(outcome, 3);
  if (outcome.flawless) yield 'Nothing was lost this time, by luck. Try another --seed or more --tasks.';
  yield '';
  yield 'Losing is what this run is for. The same with coordination: npm run demo';
}

/** One line a kind of failure, with the first few examples. */
function* failureLines({ findings }: Outcome, examples: number): Generator<string> {
  for (const [kind, words] of Object.entries(failures) as [keyof Findings, string][]) {
    const found = findings[kind];
    if (found.length === 0) continue;
    const rest = found.length > examples ? '; …' : '';
    yield `${String(found.length).padStart(4)} ${words}: ${found.slice(0, examples).join('; ')}${rest}`;
  }
}

function sumOf(agents: Outcome['agents'], field: 'wrote' | 'read'): number {
  return agents.reduce((sum, agent) => sum + agent[field], 0);
}

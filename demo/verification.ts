import type { Task } from './plan.ts';
import type { WorkingCopy } from './working_copy.ts';

/** What went wrong, list by list, each empty when nothing did. */
export interface Findings {
  lost_edits: string[];
  repeated_edits: string[];
  /** Files in which lines are missing that no task was about. */
  damaged_files: string[];
  uncommitted_files: string[];
  tasks_without_commit: number[];
  tasks_committed_twice: number[];
  tasks_done_twice: number[];
  /** Tasks committed before one that they depend on. */
  tasks_out_of_order: number[];
  /** Tasks that the queue does not know as done with the commit that git has. */
  tasks_misreported: number[];
}

/** What agents and queue say, to be held against git. */
export interface Reports {
  /** Tasks that agents say they have done, as often as they say it. */
  done: readonly number[];
  /** Commit of each task, as completed in the queue; undefined where there is no queue. */
  commits?: ReadonlyMap<number, string>;
}

export function isFlawless(findings: Findings): boolean {
  return Object.values(findings).every((list) => list.length === 0);
}

/** Compares what git has at HEAD with the commit the tasks started from and with what they should have added. */
export async function verify(
  copy: WorkingCopy,
  base: string,
  tasks: readonly Task[],
  { done, commits }: Reports,
): Promise<Findings> {
  const log = await logOf(copy, base);
  const commitsOf = (task: number) => log.filter((commit) => commit.task === task);
  const first = (task: number) => log.findIndex((commit) => commit.task === task);
  const numbers = tasks.map(({ number }) => number);
  const isEarly = ({ number, depends_on }: Task) =>
    first(number) >= 0 && depends_on.some((before) => first(before) < 0 || first(before) > first(number));
  return {
    ...(await inspectFiles(copy, base, tasks)),
    uncommitted_files: (await copy.git('status', '--porcelain')).split('\n').filter(Boolean),
    tasks_without_commit: numbers.filter((task) => commitsOf(task).length === 0),
    tasks_committed_twice: numbers.filter((task) => commitsOf(task).length > 1),
    tasks_done_twice: numbers.filter((task) => done.filter((number) => number === task).length > 1),
    tasks_out_of_order: tasks.filter(isEarly).map(({ number }) => number),
    tasks_misreported: commits ? numbers.filter((task) => commits.get(task) !== log[first(task)]?.commit) : [],
  };
}

/** Commits since the base, oldest first, with the task each is for. */
async function logOf(copy: WorkingCopy, base: string): Promise<{ commit: string; task: number }[]> {
  const format = '--format=%H %(trailers:key=Task,valueonly,separator=%x20)';
  const lines = (await copy.git('log', '--reverse', format, `${base}..HEAD`)).split('\n').filter(Boolean);
  return lines.map((line) => {
    const [commit = '', task] = line.split(' ');
    return { commit, task: Number(task) };
  });
}

async function inspectFiles(copy: WorkingCopy, base: string, tasks: readonly Task[]) {
  const findings = { lost_edits: [] as string[], repeated_edits: [] as string[], damaged_files: [] as string[] };
  const edits = tasks.flatMap((task) =>
    task.edits.map((edit) => ({ ...edit, name: `task ${task.number}, ${edit.path}` })),
  );
  for (const [path, expected] of Map.groupBy(edits, ({ path }) => path)) {
    const lines = (await copy.git('show', `HEAD:${path}`)).split('\n');
    const count = (line: string) => lines.filter((candidate) => candidate === line).length;
    findings.lost_edits.push(...expected.filter(({ line }) => count(line) === 0).map(({ name }) => name));
    findings.repeated_edits.push(...expected.filter(({ line }) => count(line) > 1).map(({ name }) => name));
    const added = new Set(expected.map(({ line }) => line));
    const rest = lines.filter((line) => !added.has(line)).join('\n');
    if (rest !== (await copy.git('show', `${base}:${path}`))) findings.damaged_files.push(path);
  }
  return findings;
}

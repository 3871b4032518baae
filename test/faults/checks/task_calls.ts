import type { Call } from '../history.ts';
import type { Finding } from '../proof.ts';

/** A task as it stands in the database when everything is over. */
export interface FinalTask {
  task_id: string;
  title: string;
  status: string;
  attempts: number;
  max_attempts: number;
  fate: string;
  /** The claim token in the result that was kept. */
  result_token: number | null;
}

const poison = new Set(['fails', 'abandoned', 'crashes']);
const ends = new Set(['failed', 'dead']);

/** Q2 and Q3: what a client was told is so, and told once. */
export function checkTaskCalls(calls: readonly Call[], tasks: readonly FinalTask[]): Finding[] {
  const byId = new Map(tasks.map((task) => [task.task_id, task]));
  const answered = calls.filter(({ outcome }) => outcome === 'answered');
  const submitted = answered.filter(({ operation }) => operation === 'submit_work');
  const lost = submitted.filter(({ answer }) => !byId.has(String(answer?.task_id)));
  const completed = answered.filter(
    ({ operation, answer }) => operation === 'complete_work' && answer?.status === 'done',
  );
  return [
    ...lost.map((seen) => ({ promise: 'Q3', what: 'an acknowledged task is not there', seen })),
    ...completed.flatMap((call) => brokenCompletion(call, byId.get(String(call.input.task_id)))),
    ...twice(
      completed,
      ({ input }) => String(input.task_id),
      ({ input }) => String(input.claim_token),
      'completed',
    ),
    ...twice(
      answered.flatMap(claimsIn),
      ({ name }) => name,
      ({ client }) => client,
      'claimed',
    ),
    ...twice(
      tasks,
      ({ title }) => title,
      ({ task_id }) => task_id,
      'submitted',
    ),
  ];
}

/** Claims by themselves, and those that came with a completion. */
function claimsIn({ client, operation, answer }: Call): { name: string; client: string }[] {
  const claim = (operation === 'get_work' ? answer : answer?.next) as
    | { task?: FinalTask; claim_token: number }
    | undefined;
  return claim?.task ? [{ name: `${claim.task.task_id} ${claim.claim_token}`, client }] : [];
}

function brokenCompletion(seen: Call, task: FinalTask | undefined): Finding[] {
  if (task?.status === 'done' && task.result_token === seen.input.claim_token) return [];
  return [{ promise: 'Q3', what: 'an acknowledged completion is lost', seen: { call: seen, task } }];
}

/** Things of one name that differ where there may be only one. */
function twice<Thing>(
  things: readonly Thing[],
  nameOf: (thing: Thing) => string,
  variantOf: (thing: Thing) => string,
  verb: string,
): Finding[] {
  return [...Map.groupBy(things, nameOf)].flatMap(([name, same]) =>
    new Set(same.map(variantOf)).size < 2 ? [] : [{ promise: 'Q2', what: `${name} was ${verb} twice`, seen: same }],
  );
}

/** Q4 and Q5: everything has come to its end, and poison after exactly as many attempts as it may have. */
export function checkEnds(tasks: readonly FinalTask[]): Finding[] {
  return tasks.flatMap((task) => {
    const { status, attempts, max_attempts, fate, title } = task;
    if (status === 'done' && !poison.has(fate)) return [];
    if (ends.has(status)) {
      if (attempts === max_attempts) return [];
      return [{ promise: 'Q5', what: `${title} ended after ${attempts} of ${max_attempts} attempts`, seen: task }];
    }
    return [{ promise: status === 'done' ? 'Q5' : 'Q4', what: `${title} is ${status} at the end`, seen: task }];
  });
}

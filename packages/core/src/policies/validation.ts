import { CoordinationError } from '@agentcoord/contract';
import type { Policies } from './files.ts';
import type { PolicyProblem } from './problems.ts';
import { ValidationThread } from './validation_worker.ts';

/** How many validations may wait for their turn. */
const mostWaiting = 20;

const thread = new ValidationThread();
let last: Promise<unknown> = Promise.resolve();
let waiting = 0;
/** Projects in which somebody only asks. */
const asking = new Set<number>();

/**
 * What is wrong with policies by the schema; nothing for good ones. Found out in a thread of its own, one at a time: a
 * text may be made to take very long or to exhaust the stack, and must neither keep others waiting nor harm the engine
 * that decides.
 */
export async function validate(schema: string, policies: Policies): Promise<PolicyProblem[]> {
  const [first] = Object.keys(policies);
  if (first === undefined) return [];
  if (waiting >= mostWaiting) throw busy();
  waiting++;
  const turn = last.then(() => thread.validate(schema, policies)).finally(() => waiting--);
  last = turn.catch(() => {});
  return (await turn) ?? [tooMuch(first)];
}

/** The same for somebody who only asks. One at a time of a project: administrators who change something come between. */
export async function validateFor(project: number, schema: string, policies: Policies): Promise<PolicyProblem[]> {
  if (asking.has(project) || waiting >= mostWaiting / 2) throw busy();
  asking.add(project);
  try {
    return await validate(schema, policies);
  } finally {
    asking.delete(project);
  }
}

function tooMuch(policy: string): PolicyProblem {
  const help = 'Write it shorter and less nested, or as several policies.';
  return { policy, line: null, message: 'cannot be understood within 3 s, or is nested too deeply', help };
}

function busy(): CoordinationError {
  return new CoordinationError({
    code: 'limit_exceeded',
    message: 'Policies are being validated: one call of a project at a time, and few of all projects.',
    hint: 'Wait for the answer of the call before, or try again in a moment.',
  });
}

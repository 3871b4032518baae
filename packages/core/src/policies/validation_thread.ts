import { parentPort } from 'node:worker_threads';
import { operationNamed } from '@agentcoord/contract';
import { atOnce } from '../slices.ts';
import type { Policies } from './files.ts';
import { PolicySet } from './policy_set.ts';
import { findProblems } from './problems.ts';

/** The thread in which policies are validated; see validation_worker.ts. */
parentPort?.on('message', ({ schema, policies }: { schema: string; policies: Policies }) => {
  const problems = findProblems(schema, policies);
  if (problems.length === 0) tryOut(policies);
  parentPort?.postMessage(problems);
});
parentPort?.postMessage('ready');

/** Decides once with policies that are good: what can be read must also be evaluated. */
function tryOut(policies: Policies): void {
  const set = new PolicySet('trial', policies);
  const operation = operationNamed('acquire_lock');
  const agent = { agent: 'a', agent_type: 'a', trust: 4, project: 'p', suspended: false };
  const principal = { ...agent, blocked_operations: [] };
  if (operation) atOnce(set.decide(operation, principal, { input: () => ({ paths: ['a'] }) }));
}

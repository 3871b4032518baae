import { type Coordinator, coordinatorOver } from '@agentcoord/contract';
import { type Database, localTransport } from '@agentcoord/core';
import { cedarEngine } from '../../packages/core/src/policies/index.ts';
import { project } from '../field.ts';
import { type Ground, maxWorkers } from '../ground.ts';
import type { Group } from '../group.ts';
import { rowsOf, sameFor } from '../group.ts';
import { type Contest, race, type Side } from '../measure.ts';

/** Calls with Cedar as the policy engine, by the same calls without: a call may cost half as much again at most. */
export const policies: Group = {
  name: 'policies',
  async measure(ground, plan) {
    const remembered = await race(await contestOn(ground, () => 'the same'), plan);
    await storePolicy(ground);
    let calls = 0;
    const asked = await race(await contestOn(ground, () => `call ${++calls}`), plan);
    return [
      ...rowsOf('lock pair, cedar / native', remembered, sameFor({ excellent: 0.95, floor: 0.67 })),
      ...rowsOf('lock pair, cedar with new input / native', asked, sameFor({ excellent: 0.8, floor: 0.67 })),
    ];
  },
};

/** With a policy that looks at the input each new input is a question of its own; without, the answer is remembered. */
async function storePolicy({ administrator }: Ground): Promise<void> {
  const policy_text = `forbid (principal, action == Action::"acquire_lock", resource)
    when { context has input && context.input has reason && context.input.reason like "secret*" };`;
  await coordinatorOver(administrator).setCedarPolicy({ policy: 'secret', policy_text });
}

async function contestOn({ database, settle }: Ground, reasonOf: () => string): Promise<Contest> {
  const withCedar: Database = { ...database, policies: cedarEngine(database) };
  return {
    settle,
    ours: await sideOver(withCedar, 'cedar', reasonOf),
    other: await sideOver(database, 'native', reasonOf),
  };
}

async function sideOver(database: Database, name: string, reasonOf: () => string): Promise<Side> {
  const opening = Array.from({ length: maxWorkers }, (_, worker) => workerOver(database, `${name}-${worker}`));
  const workers = await Promise.all(opening);
  return {
    async run(worker) {
      const coordinator = workers[worker] as Coordinator;
      const paths = [`${name}/${worker}.ts`];
      await coordinator.acquireLock({ paths, reason: reasonOf() });
      await coordinator.releaseLock({ paths });
    },
  };
}

async function workerOver(database: Database, agent: string): Promise<Coordinator> {
  const transport = localTransport(database, project, { agent, agent_type: 'bench', trust: 2 });
  const { session_id } = await coordinatorOver(transport).registerSession({});
  return coordinatorOver({
    invoke: (operation, input, options) => transport.invoke(operation, input, { ...options, session_id }),
  });
}

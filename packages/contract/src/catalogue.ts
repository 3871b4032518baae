import type { Operation, Toolset } from './operation.ts';
import { toolsets } from './operation.ts';
import * as approvalRules from './operations/approval_rules.ts';
import * as approvals from './operations/approvals.ts';
import * as audit from './operations/audit.ts';
import * as board from './operations/board.ts';
import * as classic from './operations/classic.ts';
import * as decisions from './operations/decisions.ts';
import * as digest from './operations/digest.ts';
import * as events from './operations/events.ts';
import * as guardrails from './operations/guardrails.ts';
import * as handoffs from './operations/handoffs.ts';
import * as keys from './operations/keys.ts';
import * as locks from './operations/locks.ts';
import * as messages from './operations/messages.ts';
import * as network from './operations/network.ts';
import * as policies from './operations/policies.ts';
import * as profiles from './operations/profiles.ts';
import * as projects from './operations/projects.ts';
import * as queue from './operations/queue.ts';
import * as readers from './operations/readers.ts';
import * as sessions from './operations/sessions.ts';
import * as threads from './operations/threads.ts';
import * as work from './operations/work.ts';

const nouns = {
  ...locks,
  ...work,
  ...board,
  ...queue,
  ...sessions,
  ...messages,
  ...threads,
  ...decisions,
  ...handoffs,
  ...digest,
  ...approvals,
  ...approvalRules,
  ...guardrails,
  ...events,
  ...audit,
  ...keys,
  ...network,
  ...policies,
  ...profiles,
  ...projects,
  ...readers,
  ...classic,
};

export type Catalogue = typeof nouns;

/** Every operation, noun by noun. */
export const operations: readonly Operation[] = Object.values(nouns);

const byName = new Map(operations.map((operation) => [operation.name, operation]));

/** The operation of that name; undefined when there is none. */
export function operationNamed(name: string): Operation | undefined {
  return byName.get(name);
}

/** Operations of the named toolsets; the default ones when nothing is named, every one for `all`. */
export function operationsOf(names?: readonly (Toolset | 'all')[]): Operation[] {
  const wanted = (toolset: Toolset) =>
    names === undefined ? toolsets[toolset].default : names.includes('all') || names.includes(toolset);
  return operations.filter((operation) => wanted(operation.toolset));
}

import { type Operation, operations } from '@agentcoord/contract';
import { contextFields, groupsOf, resourceTypes } from '../../packages/core/src/policies/request.ts';

const header = `// GENERATED from packages/contract by \`npm run fix\`; do not edit.
// What policies can be about. An agent calls; the call is an action, named like the operation, in the group of the least
// trust that may call it, of its kind and of its toolset; it is about a file, a task, a host or else the project.
// Operations that are another name for one are that one here. context.words are the operation, its toolset and its kind.

entity Project;

// A subagent is the agent on whose behalf it works.
entity Agent in [Project] {
  name: String,
  // As whoever made its key, or started its process, has said it.
  agent_type: String,
  // The least of what its credential and its profile give.
  trust: Long,
  suspended: Bool,
  // Words of its key and its profile: names of operations and toolsets, read, write.
  scopes?: Set<String>,
  allowed_operations?: Set<String>,
  blocked_operations: Set<String>,
};

// A path of a lock or a task: kind is file, tree, glob or name (resource:port-5432).
entity File in [Project] { path: String, kind: String };

entity Task in [Project];

entity Domain in [Project] { host: String };
`;

/** Cedar's schema: one action an operation, so that a policy can name each, and only what there is. */
export function cedarSchema(): string {
  const actions = operations.filter(({ standsFor }) => standsFor === undefined);
  const groups = new Set([...[0, 1, 2, 3, 4].map((trust) => `trust_${trust}`), ...actions.flatMap(groupsOf)]);
  const declared = [...groups].map((group) => `action "${group}";`);
  return `${[header, declared.join('\n'), ...actions.map(actionOf)].join('\n')}`;
}

function actionOf(operation: Operation): string {
  const fields = contextFields(operation).map(([field, type]) => `      "${field}"?: ${type},\n`);
  return `action "${operation.name}" in [${groupsOf(operation)
    .map((group) => `"${group}"`)
    .join(', ')}] appliesTo {
  principal: [Agent],
  resource: [${resourceTypes(operation).join(', ')}],
  context: {
    operation: String,
    words: Set<String>,
    input?: {${fields.length > 0 ? '\n' : ''}${fields.join('')}${fields.length > 0 ? '    ' : ''}},
  },
};
`;
}

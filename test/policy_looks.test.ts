import { type Operation, operationNamed } from '@agentcoord/contract';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inCedar } from '../packages/core/src/policies/cedar.ts';
import { readPolicyFiles } from '../packages/core/src/policies/files.ts';
import { lookOf } from '../packages/core/src/policies/looks.ts';
import { PolicySet } from '../packages/core/src/policies/policy_set.ts';
import { inForce } from '../packages/core/src/policies/project_policies.ts';
import type { Principal } from '../packages/core/src/policies/request.ts';
import { atOnce } from '../packages/core/src/slices.ts';

const { schema, defaults } = await readPolicyFiles();
inCedar((cedar) => cedar.preparseSchema('whole', schema));

const looks: [condition: string, input: string[] | 'all' | undefined, principal: string[] | 'all'][] = [
  ['context.input.paths.contains("a")', ['paths'], []],
  ['context has input.reason && context.input.reason like "x*"', ['reason'], []],
  ['context["input"]["reason"] == principal.name', ['reason'], ['name']],
  ['context == {operation: "x", words: []}', 'all', []],
  ['context.input == {reason: "x"}', 'all', []],
  ['context has input', [], []],
  ['context.operation == "x" && context.words.contains("read")', undefined, []],
  ['if context has input then context.input has reason else principal has scopes', ['reason'], ['scopes']],
  ['{a: context.input}.a has reason', 'all', []],
  ['{a: context}.a.input.reason == "x"', 'all', []],
  ['{a: principal}.a.trust == 1', undefined, 'all'],
  ['principal == Agent::"a" || principal in resource', undefined, 'all'],
  ['!(context.input.shared)', ['shared'], []],
];

test.each(looks)('what a policy looks at: %s', (condition, input, principal) => {
  const { atInput, atPrincipal } = inCedar((cedar) =>
    lookOf(cedar, `forbid (principal, action, resource) when { ${condition} };`),
  );
  const listed = (names: typeof atInput) => (names instanceof Set ? [...names] : names);
  expect([listed(atInput), listed(atPrincipal)]).toEqual([input, principal]);
});

const effect = fc.constantFrom('permit', 'forbid');
const action = fc.constantFrom(
  'action',
  ...['acquire_lock', 'release_lock', 'trust_2', 'write'].flatMap((name) => [
    `action == Action::"${name}"`,
    `action in Action::"${name}"`,
  ]),
);
const resource = fc.constantFrom('resource', 'resource', 'resource is File', 'resource in Project::"p"');
const condition = fc.constantFrom(
  'true',
  'principal.trust >= 2',
  'principal has scopes && principal.scopes.contains("locks")',
  'principal in Project::"p"',
  'principal == Agent::"ann"',
  'context has input',
  'context has input.reason && context.input.reason like "x*"',
  // Fails where there is no reason.
  'context.input.reason == "y"',
  'context has input && context.input has paths && context.input.paths.contains("a.ts")',
  'context.words.contains("write")',
  'context.operation == "acquire_lock"',
  'context == {operation: "acquire_lock", words: ["acquire_lock", "locks", "write"]}',
  'context.input == {paths: ["a.ts"], reason: "x"}',
  'resource is File && resource.path == "a.ts"',
  'action in Action::"toolset_locks"',
);
const policy = fc
  .tuple(effect, action, resource, fc.array(condition, { minLength: 1, maxLength: 2 }))
  .map(
    ([kind, does, about, conditions]) => `${kind} (principal, ${does}, ${about}) when { ${conditions.join(' && ')} };`,
  );
const call = fc.record({
  name: fc.constantFrom('acquire_lock', 'release_lock', 'check_locks'),
  paths: fc.subarray(['a.ts', 'b.ts'], { minLength: 1 }),
  reason: fc.constantFrom(undefined, 'x', 'xy', 'y'),
  trust: fc.constantFrom(1, 2, 4),
  scopes: fc.constantFrom<string[] | undefined>(undefined, ['locks'], ['read', 'work']),
});

test('parted and trimmed, policies decide as all of them together do with everything before them', () => {
  let [allowed, tried] = [0, 0];
  fc.assert(
    fc.property(
      fc.array(policy, { minLength: 1, maxLength: 4 }),
      fc.array(call, { minLength: 3, maxLength: 6 }),
      (texts, calls) => {
        const stored = texts.map((policy_text, index) => ({
          policy: `own-${index}`,
          policy_text,
          all_projects: false,
        }));
        const policies = inForce(defaults, stored);
        const set = new PolicySet('test', policies);
        inCedar((cedar) => cedar.preparsePolicySet('whole', { staticPolicies: policies }));
        for (const { name, paths, reason, trust, scopes } of calls) {
          const input = { paths, ...(reason === undefined ? {} : name === 'acquire_lock' ? { reason } : {}) };
          const principal: Principal = {
            ...{ agent: 'ann', agent_type: 'test', trust, project: 'p', suspended: false, blocked_operations: [] },
            ...(scopes ? { scopes } : {}),
          };
          const operation = operationNamed(name) as Operation;
          const decided = atOnce(set.decide(operation, principal, { input: () => input }));
          const whole = paths.map((path) => allowsWhole(operation, principal, input, path));
          expect(decided.allowed).toBe(whole.every(Boolean));
          tried++;
          if (decided.allowed) allowed++;
        }
      },
    ),
    { numRuns: 300 },
  );
  expect(allowed).toBeGreaterThan(tried / 10);
  expect(allowed).toBeLessThan((tried * 9) / 10);
});

/** Cedar itself, asked about one path with all policies, the whole request and the schema. */
function allowsWhole(
  { name, toolset, kind }: Operation,
  { agent, project, ...attrs }: Principal,
  input: Record<string, unknown>,
  path: string,
): boolean {
  const [caller, about, home] = [
    { type: 'Agent', id: agent },
    { type: 'File', id: path },
    { type: 'Project', id: project },
  ];
  const call = {
    ...{ principal: caller, action: { type: 'Action', id: name }, resource: about },
    context: { operation: name, words: [name, toolset, kind], input },
    ...{ preparsedSchemaName: 'whole', validateRequest: true, preparsedPolicySetId: 'whole' },
    entities: [
      { uid: caller, attrs: { name: agent, ...attrs }, parents: [home] },
      { uid: about, attrs: { path, kind: 'file' }, parents: [home] },
      { uid: home, attrs: {}, parents: [] },
    ],
  };
  const answer = inCedar((cedar) => cedar.statefulIsAuthorized(call as never));
  if (answer.type === 'failure') throw new Error(answer.errors[0]?.message);
  return answer.response.decision === 'allow' && answer.response.diagnostics.errors.length === 0;
}

import { type Operation, operationNamed } from '@agentcoord/contract';
import type { ComputedCall, Handler } from '../handlers.ts';
import { atOnce } from '../slices.ts';
import { fileOf } from './file.ts';
import { type Policies, readPolicyFiles } from './files.ts';
import { PolicySet } from './policy_set.ts';
import { inForce } from './project_policies.ts';
import { domainOf, type Entity, projectOf } from './request.ts';
import { type PolicyState, readPolicyState, type StoredPolicy } from './state.ts';
import { validate, validateFor } from './validation.ts';

/** Adds what the policy engine says to what the database does; the database alone answers where there is none. */
export const checkPolicy: Handler = async ({ database, caller, input, store }) => {
  const operation = operationNamed(input.operation as string);
  const engine = engineOf(database);
  if (!operation || !database.policies) return store({ engine, operation: operation?.standsFor ?? null });
  const resource = entityOf(input.resource as string | undefined);
  const named = resource?.type === 'File' ? { paths: [resource.id] } : {};
  const decision = await database.policies.explain(operation, caller, {
    input: () => ({ ...named, ...(input.context as Record<string, unknown> | undefined) }),
    resource,
  });
  return store({ engine, operation: operation.standsFor ?? null, ...decision });
};

const engineOf = ({ policies }: ComputedCall['database']) => (policies ? 'cedar' : 'native');

function entityOf(text: string | undefined): Entity | undefined {
  if (text === undefined) return undefined;
  if (text.startsWith('task:')) return { type: 'Task', id: text.slice(5).toLowerCase(), attrs: {} };
  if (text.startsWith('domain:')) return domainOf(text.slice(7)) ?? projectOf(text);
  return fileOf(text);
}

export const validateCedarPolicy: Handler = async ({ caller, input, store }) => {
  const { schema } = await readPolicyFiles();
  const problems = await validateFor(caller.project_id, schema, {
    [input.policy as string]: input.policy_text as string,
  });
  return store({ problems: problems.slice(0, 10) });
};

export const setCedarPolicy: Handler = (call) => {
  const { policy, policy_text } = call.input as Record<string, string>;
  const set = { [String(policy)]: String(policy_text) };
  return change(call, async (own) => ({ policies: { ...own, ...set }, changed: set }));
};

export const deleteCedarPolicy: Handler = (call) => {
  const { policy } = call.input as Record<string, string>;
  return change(call, async (own) => {
    const kept = Object.fromEntries(Object.entries(own).filter(([name]) => name !== policy));
    return { policies: kept, changed: {} };
  });
};

export const rollbackCedarPolicies: Handler = (call) => {
  const { database, caller, input } = call;
  return change(call, async () => {
    const args = { p_caller: caller, p_version: input.version, p_all_projects: input.all_projects };
    const earlier = ((await database.call('read_policy_version', args)) ?? {}) as Policies;
    return { policies: earlier, changed: earlier };
  });
};

/** The set as it would be, and what of it has to be validated. */
interface Change {
  policies: Policies;
  changed: Policies;
}

/** Has a changed set stored with what is wrong with it, of which the database makes the refusal. */
async function change(
  { database, caller, input, store }: ComputedCall,
  make: (own: Policies) => Promise<Change>,
): Promise<unknown> {
  const [files, state] = await Promise.all([readPolicyFiles(), readPolicyState(database, caller, undefined)]);
  const all_projects = input.all_projects === true;
  const stored = state.policies ?? [];
  const mine = stored.filter((policy) => policy.all_projects === all_projects);
  const { policies, changed } = await make(
    Object.fromEntries(mine.map(({ policy, policy_text }) => [policy, policy_text])),
  );
  const problems = await validate(files.schema, changed);
  const next = [
    ...stored.filter((policy) => policy.all_projects !== all_projects),
    ...Object.entries(policies).map(([policy, policy_text]): StoredPolicy => ({ policy, policy_text, all_projects })),
  ];
  const answer = await store({
    engine: engineOf(database),
    problems: problems.slice(0, 10),
    seen: all_projects ? state.version.all : state.version.own,
    locks_out: problems.length === 0 && locksOut(inForce(files.defaults, next), state),
  });
  database.policies?.changed();
  return answer;
}

/** Whether this caller could not take the change back: the way out must not be locked from the inside. */
function locksOut(policies: Policies, { version: _v, policies: _p, ...principal }: PolicyState): boolean {
  const wayOut = operationNamed('rollback_cedar_policies') as Operation;
  try {
    const set = new PolicySet('trial', policies);
    const input = () => ({ version: 0, all_projects: false });
    return !atOnce(set.decide(wayOut, principal, { input })).allowed;
  } catch {
    return true;
  }
}

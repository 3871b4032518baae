import { operationNamed } from '@agentcoord/contract';
import type { Cedar } from './cedar.ts';
import type { Policies } from './files.ts';

/** What policies look at beside who calls which operation. */
export interface LookedAt {
  atResource: boolean;
  atInput: boolean;
}

/** What one policy looks at, and in calls of which operations; undefined stands for all. */
export interface Look extends LookedAt {
  operations: string[] | undefined;
}

/** What each of the policies looks at. In doubt, everything. */
export function looksOf(cedar: Cedar, policies: Policies): Look[] {
  return Object.values(policies).map((text) => {
    const answer = cedar.policyToJson(text);
    if (answer.type !== 'success') return { operations: undefined, atResource: true, atInput: true };
    const { action, resource, conditions } = answer.json;
    const body = JSON.stringify(conditions);
    return {
      operations: operationsOf(action),
      atResource: resource.op !== 'All' || body.includes('{"Var":"resource"}'),
      atInput: body.includes('"input"') || body.includes('{"Record"'),
    };
  });
}

/** What those of the policies look at that may be about an operation. */
export function lookedAtBy(looks: Look[], operation: string): LookedAt {
  const about = looks.filter(({ operations }) => operations?.includes(operation) ?? true);
  return {
    atResource: about.some(({ atResource }) => atResource),
    atInput: about.some(({ atInput }) => atInput),
  };
}

type PolicyJson = Extract<ReturnType<Cedar['policyToJson']>, { type: 'success' }>['json'];

/** Actions are named like operations; other names are groups of them. */
function operationsOf(action: PolicyJson['action']): string[] | undefined {
  const named = 'entities' in action ? action.entities : 'entity' in action ? [action.entity] : [];
  const names = named.map((one) => ('__entity' in one ? one.__entity.id : one.id));
  return names.length > 0 && names.every((name) => operationNamed(name)) ? names : undefined;
}

import { CoordinationError, errorBodyOf, type Operation } from '@agentcoord/contract';
import type { Caller } from './caller.ts';
import type { Database } from './database.ts';

/** A call of an operation that is `computed`, with its input parsed. */
export interface ComputedCall {
  readonly database: Database;
  readonly caller: Caller;
  readonly input: Readonly<Record<string, unknown>>;
  /**
   * Calls the SQL function of the operation with what was computed as `p_computed`, and answers what that answers. Throws
   * `CoordinationError`. The function decides who may: what needs trust, or must be true of the project, is its matter.
   */
  store(computed: Readonly<Record<string, unknown>>): Promise<unknown>;
}

/** Does in core what SQL cannot, and has the outcome stored. Its answer is that of the operation. */
export type Handler = (call: ComputedCall) => Promise<unknown>;

const guardrails = () => import('./guardrails/operations.ts');

/** By name of the operation; loaded when used, because parsers and policy engines are heavy. */
export const handlers: Readonly<Record<string, () => Promise<Handler>>> = {
  check_guardrails: async () => (await guardrails()).checkGuardrails,
  list_guardrail_rules: async () => (await guardrails()).listGuardrailRules,
  set_guardrail_rule: async () => (await guardrails()).setGuardrailRule,

  create_read_token: async () => (await import('./read_tokens.ts')).createReadToken,
  export_checkpoint: async () => (await import('./audit/checkpoint.ts')).signCheckpoint,
  check_policy: async () => (await policies()).checkPolicy,
  validate_cedar_policy: async () => (await policies()).validateCedarPolicy,
  set_cedar_policy: async () => (await policies()).setCedarPolicy,
  delete_cedar_policy: async () => (await policies()).deleteCedarPolicy,
  rollback_cedar_policies: async () => (await policies()).rollbackCedarPolicies,
  check_network: async () => (await network()).checkNetwork,
  set_network_rule: async () => (await network()).setNetworkRule,
};

const network = () => import('./network/index.ts');
const policies = () => import('./policies/index.ts');

/** From this trust on, few callers may, so whether this one does is asked before anything is computed for him. */
const privileged = 3;

/** Answers a computed operation; throws when nobody computes it. */
export async function compute(operation: Operation, call: ComputedCall): Promise<unknown> {
  const load = handlers[operation.name];
  if (!load) throw new Error(`${operation.name} is declared as computed, and has no handler.`);
  if (operation.minimumTrust >= privileged) await assertPermitted(operation, call);
  return (await load())(call);
}

async function assertPermitted({ name }: Operation, { database, caller }: ComputedCall): Promise<void> {
  const error = errorBodyOf(await database.call('may_call', { p_caller: caller, p_operation: name }));
  if (error) throw new CoordinationError(error);
}

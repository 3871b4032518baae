import { CoordinationError, errorBodyOf, type Operation } from '@agentcoord/contract';
import { type Caller, payerOf } from '../caller.ts';
import type { Database, PolicyEngine } from '../database.ts';
import { inSlices } from '../slices.ts';
import { Callers, type Known } from './callers.ts';
import type { Decision } from './decisions.ts';
import type { About, PolicySet } from './policy_set.ts';
import type { Principal } from './request.ts';

interface CedarOptions {
  /** Where schema and default policies are; those of the package when left out. */
  folder?: string;
}

/** Cedar as the policy engine: asked before each call, and only a clear yes lets it go on. */
export function cedarEngine(database: Pick<Database, 'call'>, { folder }: CedarOptions = {}): PolicyEngine {
  const callers = new Callers(database, folder);

  function begin(known: Known, caller: Caller, operation: Operation, about: About): Begun {
    const policies = callers.policiesFor(known);
    return { known, policies, made: decision(policies, known.principal, payerOf(caller), operation, about) };
  }

  /** What took so long that something else is known by then is decided once more: most of it is remembered. */
  async function ended(key: string, caller: Caller, operation: Operation, about: About, begun?: Begun) {
    const { known, policies, made } = begun ?? begin(await callers.read(key, caller), caller, operation, about);
    if (!(made instanceof Promise)) return made;
    const decided = await made;
    const current = callers.recall(key, caller) ?? (await callers.read(key, caller));
    const isSame = JSON.stringify(current.principal) === JSON.stringify(known.principal);
    const isCurrent = isSame && callers.policiesFor(current) === policies;
    return isCurrent ? decided : begin(current, caller, operation, about).made;
  }

  return {
    authorise(operation, call, input) {
      const caller = callerOf(call);
      const key = JSON.stringify(caller);
      const known = callers.recall(key, caller);
      const begun = known && begin(known, caller, operation, { input });
      if (begun && 'allowed' in begun.made && begun.made.allowed) return undefined;
      return (async () => {
        const made = await ended(key, caller, operation, { input }, begun).catch(refuse);
        if (!made.allowed) throw await journalled(database, operation, caller, made);
      })();
    },
    async explain(operation, call, about) {
      const caller = callerOf(call);
      const key = JSON.stringify(caller);
      const known = callers.recall(key, caller);
      return ended(key, caller, operation, about, known && begin(known, caller, operation, about));
    },
    changed: () => callers.forget(),
  };
}

/** Who calls, without what belongs to a single call. */
function callerOf({ idempotency_key: _k, repeated: _r, input: _i, ...caller }: Caller & { input?: unknown }): Caller {
  return caller as Caller;
}

/** A decision that may still be under way, and by what it is made. */
interface Begun {
  known: Known;
  policies: PolicySet | Error | undefined;
  made: Decision | Promise<Decision>;
}

/** A defect of the engine, or of a policy, denies. */
function decision(
  policies: PolicySet | Error | undefined,
  principal: Principal,
  payer: string,
  operation: Operation,
  about: About,
): Decision | Promise<Decision> {
  const denied = (message: string): Decision => ({ allowed: false, policies: [], errors: [message] });
  const failed = (error: unknown) => {
    if (error instanceof CoordinationError) throw error;
    return denied(error instanceof Error ? error.message : 'The policy engine failed.');
  };
  if (!policies) return denied('The policies have not been read.');
  if (policies instanceof Error) return denied(policies.message);
  try {
    const made = inSlices(policies.decide(operation, principal, about), payer);
    return made instanceof Promise ? made.catch(failed) : made;
  } catch (error) {
    return failed(error);
  }
}

/** Without policies nobody is let through, whatever keeps them from being read. */
function refuse(error: unknown): never {
  if (error instanceof CoordinationError) throw error;
  throw new CoordinationError(
    {
      code: 'forbidden',
      message: 'The policies cannot be read, so nothing is allowed.',
      hint: 'An administrator of the machine that runs the coordinator has to look at its installation.',
      details: { reason: 'policy_error' },
    },
    { cause: error },
  );
}

/** The refusal of a call, journalled by the database like its own. */
async function journalled(
  database: Pick<Database, 'call'>,
  { name }: Operation,
  caller: Caller,
  { policies, errors }: Decision,
): Promise<CoordinationError> {
  const answer = await database.call('refuse_by_policy', {
    p_caller: caller,
    p_operation: name,
    p_details: { policies: policies.slice(0, 20), errors: errors.slice(0, 5).map((text) => text.slice(0, 300)) },
  });
  const error = errorBodyOf(answer);
  if (error) return new CoordinationError(error);
  throw new Error('A refusal has no error.');
}

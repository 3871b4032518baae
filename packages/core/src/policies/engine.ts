import { CoordinationError, errorBodyOf, type Operation } from '@agentcoord/contract';
import type { Caller } from '../caller.ts';
import type { Database, PolicyEngine } from '../database.ts';
import { loadCedar } from './cedar.ts';
import { type PolicyFiles, readPolicyFiles } from './files.ts';
import type { About, Decision, PolicySet, Principal } from './policy_set.ts';
import { ProjectPolicies } from './project_policies.ts';
import { type PolicyState, readPolicyState } from './state.ts';

/** Milliseconds for which what was read of a caller is used, and after which it is read again beside the calls. */
const [usable, fresh] = [5000, 2500];

/** Callers remembered; the one that was read longest ago goes first. */
const mostCallers = 5000;

/** What the database has said of one caller. */
interface Known {
  principal: Principal;
  project_id: number;
  readAt: number;
}

interface CedarOptions {
  /** Where schema and default policies are; those of the package when left out. */
  folder?: string;
}

/**
 * Cedar as the policy engine: asked before each call, and only a clear yes lets it go on. Who calls and which policies
 * hold is read from the database at most every 2.5 s of use, beside the calls, and never used when older than 5 s.
 */
export function cedarEngine(database: Pick<Database, 'call'>, { folder }: CedarOptions = {}): PolicyEngine {
  const callers = new Map<string, Known>();
  const reading = new Map<string, Promise<Known>>();
  let files: Promise<PolicyFiles> | undefined;
  const projects = new ProjectPolicies();

  async function read(key: string, caller: Caller): Promise<Known> {
    const readAt = performance.now();
    files ??= readPolicyFiles(folder);
    const [cedar, read, state] = await Promise.all([
      loadCedar(),
      files,
      readPolicyState(database, caller, projects.versionOf(caller.project_id)),
    ]).catch((error: unknown) => {
      // Not remembered: files may be put right.
      files = undefined;
      throw error;
    });
    projects.update(cedar, read, caller.project_id, state);
    const known = { principal: principalOf(state), project_id: caller.project_id, readAt };
    callers.delete(key);
    callers.set(key, known);
    if (callers.size > mostCallers) callers.delete(callers.keys().next().value as string);
    return known;
  }

  /** One reading of a caller at a time, however many calls wait for it. */
  function readOnce(key: string, caller: Caller): Promise<Known> {
    const running = reading.get(key);
    if (running) return running;
    const started = read(key, caller).finally(() => reading.delete(key));
    reading.set(key, started);
    return started;
  }

  function recall(key: string, caller: Caller): Known | undefined {
    const known = callers.get(key);
    const age = performance.now() - (known?.readAt ?? Number.NEGATIVE_INFINITY);
    if (!known || age >= usable) return undefined;
    // Fails beside the calls: once it is too old, one of them meets the failure itself.
    if (age >= fresh) readOnce(key, caller).catch(() => {});
    return known;
  }

  const decide = ({ project_id, principal }: Known, operation: Operation, about: About) =>
    decisionOf(projects.of(project_id), (set) => set.decide(operation, principal, about));

  return {
    authorise(operation, call, input) {
      const caller = callerOf(call);
      const key = JSON.stringify(caller);
      const known = recall(key, caller);
      if (known && decide(known, operation, { input }).allowed) return undefined;
      return (async () => {
        const current = known ?? (await readOnce(key, caller).catch(refuse));
        const decision = decide(current, operation, { input });
        if (!decision.allowed) throw await journalled(database, operation, caller, decision);
      })();
    },
    async explain(operation, call, about) {
      const caller = callerOf(call);
      const key = JSON.stringify(caller);
      return decide(recall(key, caller) ?? (await readOnce(key, caller)), operation, about);
    },
    changed() {
      callers.clear();
    },
  };
}

function principalOf({ version: _v, policies: _p, ...principal }: PolicyState): Principal {
  return principal;
}

/** Who calls, without what belongs to a single call. */
function callerOf({ idempotency_key: _k, repeated: _r, input: _i, ...caller }: Caller & { input?: unknown }): Caller {
  return caller as Caller;
}

/** A defect of the engine, or of a policy, denies. */
function decisionOf(set: PolicySet | Error | undefined, decide: (set: PolicySet) => Decision): Decision {
  const denied = (message: string): Decision => ({ allowed: false, policies: [], errors: [message] });
  if (!set) return denied('The policies have not been read.');
  if (set instanceof Error) return denied(set.message);
  try {
    return decide(set);
  } catch (error) {
    return denied(error instanceof Error ? error.message : 'The policy engine failed.');
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

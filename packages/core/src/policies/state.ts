import { CoordinationError, errorBodyOf } from '@agentcoord/contract';
import type { Caller } from '../caller.ts';
import type { Database } from '../database.ts';
import type { Principal } from './request.ts';

/** A policy as it is stored: of the project, or of all. */
export interface StoredPolicy {
  policy: string;
  all_projects: boolean;
  policy_text: string;
}

/** Who calls, and which policies are stored for him. */
export interface PolicyState extends Principal {
  version: PolicyVersion;
  /** Left out when they are those of the version that was named. */
  policies?: StoredPolicy[];
}

/** Versions of the policies of all projects, and of this one. */
export interface PolicyVersion {
  all: number;
  own: number;
}

/** One round trip; throws what the frame would answer a caller without a living session. */
export async function readPolicyState(
  database: Pick<Database, 'call'>,
  caller: Caller,
  version: PolicyVersion | undefined,
): Promise<PolicyState> {
  const answer = await database.call('read_policies', { p_caller: caller, p_version: version ?? null });
  const error = errorBodyOf(answer);
  if (error) throw new CoordinationError(error);
  return answer as PolicyState;
}

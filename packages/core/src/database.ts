import type { KeyObject } from 'node:crypto';
import type { Operation } from '@agentcoord/contract';
import type { Caller } from './caller.ts';
import type { Decision } from './policies/decisions.ts';
import type { About } from './policies/policy_set.ts';
import type { Wakeups } from './waiting/index.ts';

/** A Postgres that holds schema `coord`, reached one way or another. All calls throw `CoordinationError`. */
export interface Database {
  /** `embedded`, `postgres` or `supabase`, for people who ask where their data is. */
  readonly kind: 'embedded' | 'postgres' | 'supabase';
  /**
   * Calls `coord.<name>` with named arguments, in one round trip and one transaction, and returns its jsonb answer.
   * Objects become jsonb, arrays of strings text[], everything else its own type. Throws `unavailable` within
   * `callTimeout` when the database does not answer. Calls of a key that has too many under way wait for their turn
   * before that, or meet `limit_exceeded`.
   */
  call(name: string, args: Record<string, unknown>): Promise<unknown>;
  /**
   * Calls `coord.<name>` for upkeep that could not be done in the time of a call, on a connection of its own and for a
   * minute at most, or until the signal. Left out where whoever serves the database limits each call.
   */
  readonly upkeep?: (name: string, signal: AbortSignal) => Promise<void>;
  /** Wakes calls that wait; where it is left out, nobody can wait. */
  readonly wakeups?: Wakeups;
  /** Signs tokens for reading through PostgREST; left out where this process has no secret for it. */
  readonly signToken?: (claims: object) => string;
  /** The Ed25519 key that signs checkpoints of the journal, made when it is first needed. Throws `CoordinationError`. */
  readonly signingKey?: () => Promise<KeyObject>;
  /** Asked before each operation; where it is left out, the database decides alone. */
  readonly policies?: PolicyEngine;
  close(): Promise<void>;
}

/** Milliseconds after which a call that has no answer counts as `unavailable`. */
export const callTimeout = 4500;

/** What decides beside the database who may call what. Both have to agree. */
export interface PolicyEngine {
  /** Throws `CoordinationError` unless the call may be made; answers at once where it can. */
  authorise(operation: Operation, caller: Caller, input: () => Record<string, unknown>): Promise<void> | undefined;
  /** What it would decide, and why. */
  explain(operation: Operation, caller: Caller, about: About): Promise<Decision>;
  /** Says that policies have changed, so that this process need not find out. */
  changed(): void;
}

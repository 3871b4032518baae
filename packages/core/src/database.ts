import type { KeyObject } from 'node:crypto';
import type { Wakeups } from './waiting/index.ts';

/** A Postgres that holds schema `coord`, reached one way or another. All calls throw `CoordinationError`. */
export interface Database {
  /** `embedded`, `postgres` or `supabase`, for people who ask where their data is. */
  readonly kind: 'embedded' | 'postgres' | 'supabase';
  /**
   * Calls `coord.<name>` with named arguments, in one round trip and one transaction, and returns its jsonb answer.
   * Objects become jsonb, arrays of strings text[], everything else its own type. Throws `unavailable` within
   * `callTimeout` when the database does not answer.
   */
  call(name: string, args: Record<string, unknown>): Promise<unknown>;
  /** Wakes calls that wait; where it is left out, nobody can wait. */
  readonly wakeups?: Wakeups;
  /** Signs tokens for reading through PostgREST; left out where this process has no secret for it. */
  readonly signToken?: (claims: object) => string;
  /** The Ed25519 key that signs checkpoints of the journal, made when it is first needed. Throws `CoordinationError`. */
  readonly signingKey?: () => Promise<KeyObject>;
  close(): Promise<void>;
}

/** Milliseconds after which a call that has no answer counts as `unavailable`. */
export const callTimeout = 4500;

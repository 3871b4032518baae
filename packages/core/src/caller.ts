/**
 * Who calls, as the door found out from a credential; never from the input of an operation. It becomes `p_caller`.
 * With `session_id` the call is made by that session. Without it, `coord._enter` finds or opens the standing session
 * of the key or of the local user, named by `label`.
 */
export type Caller = {
  project_id: number;
  session_id?: string | undefined;
  /** Same key and same input: one effect and the same answer, for 48 hours. */
  idempotency_key?: string;
  /** Asks again for a call that waits, which counts as one however often it asks. */
  repeated?: true;
  /** The guard has let the call pass because an earlier one had the same idempotency key and input. */
  repeats?: true;
} & (KeyCaller | LocalCaller | SessionCaller);

/** To whom what a call costs this process is counted: its key, else whoever calls in the project. */
export function payerOf(caller: Caller): string {
  return 'key_id' in caller ? caller.key_id : `project ${caller.project_id}`;
}

/** Authenticated by API key: agent and trust stand in the key's row. */
export interface KeyCaller {
  key_id: string;
  project_id: number;
}

/** A session that such a process has opened: the session's row says who it is. */
export interface SessionCaller {
  session_id: string;
}

/** A process of the user who owns the database connection. */
export interface LocalCaller {
  agent: string;
  agent_type: string;
  trust: number;
  /** Separates the standing sessions of one agent: one a label. Left out: every registration is a new session. */
  label?: string;
}

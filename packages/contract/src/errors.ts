/**
 * Every error a caller can meet, on every door. The SQLSTATE is what a function raises when it cannot answer,
 * `http` and `exit` are what the doors turn the code into, `retryable` says whether the same call may succeed later.
 */
export const errorCodes = {
  invalid_input: { sqlstate: 'BADIN', http: 400, exit: 2, retryable: false },
  unauthenticated: { sqlstate: undefined, http: 401, exit: 3, retryable: false },
  forbidden: { sqlstate: 'DNIED', http: 403, exit: 3, retryable: false },
  not_found: { sqlstate: 'NTFND', http: 404, exit: 4, retryable: false },
  conflict: { sqlstate: 'CNFLT', http: 409, exit: 5, retryable: false },
  limit_exceeded: { sqlstate: 'LIMIT', http: 429, exit: 6, retryable: true },
  unavailable: { sqlstate: undefined, http: 503, exit: 75, retryable: true },
  internal: { sqlstate: undefined, http: 500, exit: 70, retryable: false },
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** Exit code of a call that worked and whose answer is "no": lock held, nothing to claim. */
export const exitRefused = 1;

/** SQLSTATEs that mean "the database cannot answer now": the call had no effect, or its outcome is unknown. */
const unavailableStates = /^(08|53|57P0|40001$|40P01$|55P03$|57014$)/;

/** The error code for a SQLSTATE; `internal` when nobody expects it. */
export function codeOfSqlState(sqlstate: string): ErrorCode {
  for (const [code, row] of Object.entries(errorCodes)) {
    if (row.sqlstate === sqlstate) return code as ErrorCode;
  }
  return unavailableStates.test(sqlstate) ? 'unavailable' : 'internal';
}

/** What travels: `{"error": {...}}`. `hint` always says the next step. */
export interface ErrorBody {
  code: ErrorCode;
  message: string;
  hint: string;
  details?: Record<string, unknown>;
}

/** The one error type that operations throw, in process and from every client. */
export class CoordinationError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;
  readonly details: Record<string, unknown> | undefined;

  constructor(body: ErrorBody, options?: ErrorOptions) {
    super(body.message, options);
    this.name = 'CoordinationError';
    this.code = body.code;
    this.hint = body.hint;
    this.details = body.details;
  }

  /** True when the same call may succeed later without being changed. */
  get retryable(): boolean {
    return errorCodes[this.code].retryable;
  }

  /** The envelope every door sends. */
  toJSON(): { error: ErrorBody } {
    return {
      error: {
        code: this.code,
        message: this.message,
        hint: this.hint,
        ...(this.details === undefined ? {} : { details: this.details }),
      },
    };
  }
}

/** Whether the same call may succeed later without being changed. */
export function isRetryable(error: unknown): error is CoordinationError {
  return error instanceof CoordinationError && error.retryable;
}

/**
 * The error a caller meets for whatever was thrown: a `CoordinationError` as it is, anything else as `internal` in the
 * given words, because its own may hold secrets. It stays reachable as `cause`.
 */
export function errorFrom(cause: unknown, unexpected: Omit<ErrorBody, 'code'>): CoordinationError {
  if (cause instanceof CoordinationError) return cause;
  return new CoordinationError({ code: 'internal', ...unexpected }, { cause });
}

/** Reads the envelope out of an answer; undefined when the answer is not an error. */
export function errorBodyOf(answer: unknown): ErrorBody | undefined {
  if (typeof answer !== 'object' || answer === null || !('error' in answer)) return undefined;
  const body = (answer as { error: Partial<ErrorBody> | string | null }).error;
  if (typeof body !== 'object' || body === null || !body.code || !(body.code in errorCodes)) return undefined;
  return {
    code: body.code,
    message: body.message ?? body.code,
    hint: body.hint ?? '',
    ...(body.details ? { details: body.details } : {}),
  };
}

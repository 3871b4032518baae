import { CoordinationError } from '@agentcoord/contract';

/** True when the server has let the session go. */
export function isGone(error: unknown): error is CoordinationError {
  return (
    error instanceof CoordinationError && error.code === 'unauthenticated' && error.details?.reason === 'session_ended'
  );
}

/** What calls of a session meet that has ended here. */
export function closed(): CoordinationError {
  return new CoordinationError({
    code: 'conflict',
    message: 'This session has ended.',
    hint: 'Open another one.',
  });
}

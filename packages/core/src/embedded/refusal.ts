import { CoordinationError, type ErrorCode } from '@agentcoord/contract';

/** An error of the embedded Postgres: what is wrong in one sentence, and what to do in another. */
export function refusal(code: ErrorCode, message: string, hint: string, cause?: unknown): CoordinationError {
  return new CoordinationError({ code, message, hint }, cause === undefined ? {} : { cause });
}

const reasons: Record<string, string> = {
  EACCES: 'permission is missing',
  EPERM: 'permission is missing',
  EROFS: 'the file system is read-only',
  ENOENT: 'no folder can be made there',
  ENOTDIR: 'a part of the path is not a folder',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
};

/** Turns a refused file operation into a sentence; other errors stay what they are. */
export function refusalOfFile(cause: unknown, home: string): unknown {
  const { code = '', path = home } = cause as NodeJS.ErrnoException;
  const reason = reasons[code];
  if (cause instanceof CoordinationError || reason === undefined) return cause;
  return refusal(
    'forbidden',
    `This program cannot use ${path}: ${reason}.`,
    'Make the folder writable for this user, set AGENTCOORD_HOME to one that is, or set DATABASE_URL.',
    cause,
  );
}

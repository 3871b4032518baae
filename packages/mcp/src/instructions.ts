import { errorCodes, type Operation, type Toolset } from '@agentcoord/contract';

const worthRepeating = Object.entries(errorCodes)
  .filter(([, { retryable }]) => retryable)
  .map(([code]) => `\`${code}\``)
  .join(' and ');

const opening =
  'Other agents work on this repository at the same time as you. These tools keep you from undoing each other. ' +
  'They see only what is told them, so the following is not optional.';

const rules: { [Name in Toolset]?: string } = {
  locks:
    'Files: lock a file before you edit, create, move or delete it, all files of one change in one call, with a reason. ' +
    'Paths are relative to the root of the repository. Edit only while you hold the lock; lock again before ' +
    '`expires_at` to keep it. If `acquired` is false, leave the file alone: do something else first, or tell the user ' +
    'who holds it and why. Do not ask again in a loop. Release as soon as the change is saved or committed.',
  work:
    'Work: what is in the queue belongs to whoever claims it, so claim a task before starting on it, lock the files it ' +
    'touches, do it, release them, and report it done or failed with its `claim_token`. If the report is a `conflict`, ' +
    'somebody else has the task now: stop. Submit what you find on the way as a new task. If `claimed` is false there ' +
    'is nothing to do for you now.',
  presence: 'Others: say what you are working on when you start, and look who else is here before a large change.',
};

const closing =
  'An answer that says no is normal. An error has `code`, `message` and `hint`: do what the hint says. Only ' +
  `${worthRepeating} are worth repeating unchanged.`;

/** What a model that has never heard of this server must know, for the toolsets it has; hosts cut it at 2 KB. */
export function instructionsFor(operations: readonly Operation[]): string {
  const present = new Set<string>(operations.map((operation) => operation.toolset));
  const said = Object.entries(rules).filter(([toolset]) => present.has(toolset));
  return [opening, ...said.map(([, rule]) => rule), closing].join('\n\n');
}

import { z } from 'zod';
import { instant, uuid } from './fields.ts';

/** A place in the order of commits: transaction and row. A text, because numbers of this size are not exact. */
const cursorForm = /^(0|[1-9]\d{0,17})-(0|[1-9]\d{0,17})$/;

export const cursor = (description: string) => z.string().regex(cursorForm).describe(description);

/** Which events somebody wants; all of those that are given must fit. */
export const eventFilter = {
  after: z
    .union([z.literal('now'), z.string().regex(cursorForm, 'must be a cursor such as 4711-42, or now')])
    .describe('Cursor of the last event that was seen; 0-0 for the oldest that is kept, `now` for none of the past.')
    .optional(),
  subject: z
    .string()
    .min(1)
    .max(1100)
    .describe('What it is about, or how that begins: task:, lock:src/api/, session:<id>.')
    .optional(),
  agent: z.string().min(1).max(128).describe('Who caused it.').optional(),
  operation: z.string().min(1).max(64).describe('What was called, such as acquire_lock.').optional(),
  task_id: uuid('Task it is about.').optional(),
  session_id: uuid('Session that caused it.').optional(),
};

/** One row of the journal, as it is read. */
export const event = z.object({
  cursor: cursor('Its place in the order of commits.'),
  happened_at: instant('When. Of calls that overlapped, the earlier place may have the later time.'),
  subjects: z.array(z.string()).describe('What it is about, such as task:<id> or lock:<path>.'),
  operation: z.string().describe('What was called, or sweep.'),
  outcome: z.string().describe('ok, or what came of it.'),
  agent: z.string().nullable().describe('Who called; null for the coordinator itself.'),
  session_id: uuid('Session that called.').nullable(),
  detail: z.unknown().describe('More about it.'),
});

/** What happened, as every door tells it. */
export type CoordinationEvent = z.output<typeof event>;

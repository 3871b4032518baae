import { z } from 'zod';
import { instant, uuid } from './fields.ts';
import type { Operation } from './operation.ts';

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

const eventInput = z.strictObject(eventFilter);

/** Which events to hand out, and from where on; without `after` only those that are still to come. */
export type EventInput = z.input<typeof eventInput>;

/** The stream of events: no operation, because its answer has no end, but described like one. */
export const eventStream = {
  name: 'watch_events',
  summary: 'Follow what happens in the project, in the order of commits.',
  guidance: 'Without `after` it begins now.',
  kind: 'read',
  http: 'GET /events',
  cli: 'watch',
  toolset: 'events',
  minimumTrust: 1,
  input: eventInput,
  output: event,
} as const satisfies Operation;

/** Some events, in order. Reading on from `cursor` misses nothing and sees nothing twice. */
export interface EventPage {
  events: CoordinationEvent[];
  cursor: string;
}

/** Ends a stream; it then throws the signal's reason. */
export interface EventOptions {
  signal?: AbortSignal | undefined;
}

import { z } from 'zod';
import { cursor, event, eventFilter } from '../events.ts';
import { limit, waitSeconds } from '../fields.ts';
import { defineOperation } from '../operation.ts';

export const listEvents = defineOperation({
  name: 'list_events',
  summary: 'List what happened in the project, in the order of commits.',
  guidance: 'Go on with `cursor` as `after`: nothing is missed and nothing comes twice. Events are kept for 30 days.',
  kind: 'read',
  http: 'GET /events/history',
  cli: 'events',
  toolset: 'events',
  minimumTrust: 1,
  follows: true,
  input: z.strictObject({
    ...eventFilter,
    limit,
    wait_seconds: waitSeconds('Seconds to wait for something to happen.'),
  }),
  output: z.object({
    received: z.boolean().describe('False when nothing has happened since `after`.'),
    events: z.array(event).describe('The events, oldest first.'),
    more: z.boolean().describe('True when there is more to read at once.'),
    cursor: cursor('Where to read on: send it as `after`.'),
    delay_seconds: z
      .int()
      .min(0)
      .max(2_147_483_647)
      .describe('Newer events exist, and wait so long already for an older transaction of the server to end.')
      .optional(),
  }),
});

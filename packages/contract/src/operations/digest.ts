import { z } from 'zod';
import { instant } from '../fields.ts';
import { defineOperation } from '../operation.ts';

export const catchUp = defineOperation({
  name: 'catch_up',
  summary: 'Tell what happened since you last looked.',
  guidance:
    'After a pause and before a large change: locks around your files, tasks, decisions, handoffs, in few words.',
  kind: 'write',
  http: 'POST /catch_up',
  cli: 'catch-up',
  toolset: 'handoffs',
  minimumTrust: 1,
  input: z.strictObject({
    mark: z.boolean().default(true).describe('False: the next call tells it again.'),
  }),
  output: z.object({
    news: z.array(z.string()).describe('One line each; what concerns you first.'),
    since: instant('The look before; null: none, and the news are those of a day.').nullable(),
    truncated: z.boolean().describe('True: more than 20,000 changes; those before the last 20,000 were not looked at.'),
  }),
});

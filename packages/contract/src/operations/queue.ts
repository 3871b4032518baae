import { z } from 'zod';
import { agentFields, guarded, hint, instant, leaseSeconds, limit, refusal, uuid, word } from '../fields.ts';
import { defineOperation } from '../operation.ts';
import {
  claimedTask,
  claimToken,
  completion,
  historyEntries,
  report,
  submission,
  submitted,
  taskId,
  taskStatus,
  title,
} from '../tasks.ts';

import { getWork } from './work.ts';

const key = word('Name of the task within this batch.');
const agent = z.string().min(1).max(128);

export const submitWorkBatch = defineOperation({
  name: 'submit_work_batch',
  summary: 'Put up to 100 tasks into the queue, all or none.',
  guidance:
    'Give tasks a `key`, and name keys in `depends_on`, to submit a whole plan at once. All together may have 20,000 values and names of fields.',
  kind: 'write',
  http: 'POST /tasks/batch',
  cli: 'task submit-batch',
  toolset: 'queue',
  minimumTrust: 2,
  wakes: true,
  input: z.strictObject({
    tasks: z
      .array(
        z.strictObject({
          ...submission,
          key: key.optional(),
          depends_on: z
            .array(z.string().min(1).max(64))
            .max(100)
            .describe('Tasks that must be done first: keys of this batch, or ids.')
            .optional(),
        }),
      )
      .min(1)
      .max(100)
      .describe('The tasks, each as for submit_work.'),
  }),
  leadsTo: ({ tasks }) => [tasks].flat().map((input) => ({ operation: 'submit_work', input: Object(input) })),
  output: z.object({
    tasks: z.array(z.object({ key: key.optional(), ...submitted })).describe('In the order in which they were given.'),
  }),
});

const claim = z.object({
  task: claimedTask,
  claim_token: claimToken.describe('Send it with complete_work.'),
  claim_expires_at: instant('When the claim lapses unless renewed.'),
});

export const getWorkBatch = defineOperation({
  name: 'get_work_batch',
  summary: 'Claim several tasks at once.',
  guidance: 'Each has its own `claim_token` and is reported with complete_work on its own.',
  kind: 'write',
  http: 'POST /tasks/claim-batch',
  cli: 'task next-batch <count>',
  toolset: 'queue',
  minimumTrust: 2,
  input: z.strictObject({
    count: z.int().min(1).max(50).describe('Most tasks to claim.'),
    types: z.array(word('Type.')).min(1).max(20).describe('Only these types of task.').optional(),
    lease_seconds: leaseSeconds('Seconds the claims last without a call or heartbeat.'),
  }),
  leadsTo: ({ types, lease_seconds }) => [
    { operation: 'get_work', input: { ...(types ? { types } : {}), lease_seconds, wait_seconds: 0 } },
  ],
  output: z.object({
    claimed: z.boolean().describe('True when at least one task was handed to you.'),
    claims: z.array(claim).describe('The tasks, in order.'),
  }),
});

export const completeWorkBatch = defineOperation({
  name: 'complete_work_batch',
  summary: 'Report several claimed tasks as done, at once.',
  guidance:
    'Each is judged by itself: a result with `error` was not accepted, and the others stand. Failed attempts are ' +
    'reported with complete_work.',
  kind: 'write',
  http: 'POST /tasks/complete-batch',
  cli: 'task complete-batch',
  toolset: 'queue',
  minimumTrust: 2,
  wakes: true,
  input: z.strictObject({
    reports: z
      .array(z.strictObject({ task_id: report.task_id, claim_token: report.claim_token, result: report.result }))
      .min(1)
      .max(50)
      .refine((reports) => new Set(reports.map(({ task_id }) => task_id.toLowerCase())).size === reports.length, {
        error: 'name a task twice; report each once',
      })
      .describe('The reports, each as for complete_work.'),
    claim_next: z.int().min(0).max(50).default(0).describe('Most tasks to claim next, too, whatever their type.'),
    again: z
      .boolean()
      .default(false)
      .describe('The answer to these reports got lost: those accepted then are answered so, with what they claimed.'),
  }),
  leadsTo: ({ reports, claim_next }) => [
    ...[reports].flat().map((input) => ({ operation: 'complete_work', input: Object(input) })),
    ...(Number(claim_next) > 0 ? [{ operation: 'get_work', input: getWork.input.parse({}) }] : []),
  ],
  output: z.object({
    results: z
      .array(
        z.object({
          task_id: taskId,
          ...z.object(completion).partial().shape,
          error: refusal.describe('Why it was not accepted.').optional(),
        }),
      )
      .describe('As complete_work answers, in the order in which they were given.'),
    claims: z.array(claim).describe('The tasks that were claimed, in order.'),
    hint,
  }),
});

export const cancelTask = defineOperation({
  name: 'cancel_task',
  summary: 'End a task that nobody needs any more.',
  guidance: 'Your own submissions; those of others need trust 3. Whoever works on it is told with the next call.',
  kind: 'write',
  http: 'POST /tasks/{task_id}/cancel',
  cli: 'task cancel <task_id>',
  toolset: 'queue',
  minimumTrust: 2,
  wakes: true,
  input: z.strictObject({
    task_id: taskId,
    reason: guarded(z.string().min(1).max(2000).describe('Why, for whoever reads the task.')).optional(),
  }),
  output: z.object({
    cancelled: z.boolean().describe('True when it was cancelled.'),
    was: taskStatus.describe('Its status before.'),
  }),
});

export const retryTask = defineOperation({
  name: 'retry_task',
  summary: 'Give a failed or cancelled task all its attempts anew.',
  guidance: 'What is blocked by it goes on when it is done; tasks that failed with it are retried on their own.',
  kind: 'write',
  http: 'POST /tasks/{task_id}/retry',
  cli: 'task retry <task_id>',
  toolset: 'queue',
  minimumTrust: 2,
  wakes: true,
  input: z.strictObject({ task_id: taskId }),
  output: z.object({
    retried: z.boolean().describe('True when it is in the queue again.'),
    status: taskStatus.describe('ready or blocked.'),
  }),
});

export const getTaskHistory = defineOperation({
  name: 'get_task_history',
  summary: 'Show what happened to a task.',
  kind: 'read',
  http: 'GET /tasks/{task_id}/history',
  cli: 'task history <task_id>',
  toolset: 'queue',
  minimumTrust: 1,
  input: z.strictObject({ task_id: taskId, limit }),
  output: z.object({ entries: historyEntries }),
});

export const getAgentHistory = defineOperation({
  name: 'get_agent_history',
  summary: 'Show what an agent did of late.',
  guidance: 'Looks at the last 20,000 journal rows of the project.',
  kind: 'read',
  http: 'GET /agents/{agent}/history',
  cli: 'agent history <agent>',
  toolset: 'queue',
  minimumTrust: 1,
  input: z.strictObject({ agent: agent.describe('Name of the agent.'), limit }),
  output: z.object({ entries: historyEntries }),
});

export const findHung = defineOperation({
  name: 'find_hung',
  summary: 'Find claims that nobody seems to work on.',
  guidance: 'Heartbeats do not count as work: a timer sends them.',
  kind: 'read',
  http: 'GET /hung',
  cli: 'hung',
  toolset: 'queue',
  minimumTrust: 1,
  input: z.strictObject({
    threshold: z
      .int()
      .min(1)
      .max(604_800)
      .default(300)
      .describe('Seconds without a call of the session, or since the last progress note.'),
  }),
  output: z.object({
    hung: z
      .array(
        z.object({
          agent: agentFields.agent,
          title,
          since: instant('Last sign of work.'),
          presence: z.enum(['active', 'idle', 'stale', 'gone']).describe('By the last real call.'),
          task_id: taskId,
          session_id: uuid('Session that has claimed it.'),
        }),
      )
      .describe('The longest silent first, at most 200.'),
  }),
});

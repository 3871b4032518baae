import { z } from 'zod';
import { guarded, hint, instant, leaseSeconds, waitSeconds, word } from '../fields.ts';
import { defineOperation } from '../operation.ts';
import {
  claimedTask,
  claimToken,
  completion,
  report,
  runAfter,
  submission,
  submitted,
  taskId,
  taskStatus,
} from '../tasks.ts';

export const submitWork = defineOperation({
  name: 'submit_work',
  summary: 'Put a task into the queue.',
  guidance: 'Use `depends_on` for order.',
  kind: 'write',
  http: 'POST /tasks',
  cli: 'task submit <title>',
  toolset: 'work',
  minimumTrust: 2,
  wakes: true,
  input: z.strictObject(submission),
  // Whoever claims it holds these locks.
  leadsTo: ({ paths }) =>
    Array.isArray(paths) && paths.length > 0 ? [{ operation: 'acquire_lock', input: { paths, shared: false } }] : [],
  output: z.object(submitted),
});

export const getWork = defineOperation({
  name: 'get_work',
  summary: 'Claim the next task.',
  guidance:
    'The task is yours until `claim_expires_at`; every call renews it. Lock the files you edit unless `paths` names ' +
    'them, then call complete_work with `claim_token`. If `claimed` is false there is nothing to do now.',
  kind: 'write',
  http: 'POST /tasks/claim',
  cli: 'task next',
  toolset: 'work',
  minimumTrust: 2,
  input: z.strictObject({
    types: z.array(word('Type.')).min(1).max(20).describe('Only these types of task.').optional(),
    lease_seconds: leaseSeconds('Seconds the claim lasts without a call or heartbeat.'),
    wait_seconds: waitSeconds('Seconds to wait for a task when there is none; 0 answers at once.'),
  }),
  output: z.object({
    claimed: z.boolean().describe('True when a task was handed to you.'),
    task: claimedTask.optional(),
    claim_token: claimToken.describe('Send it with complete_work.').optional(),
    claim_expires_at: instant('When the claim lapses unless renewed.').optional(),
    hint,
  }),
});

export const completeWork = defineOperation({
  name: 'complete_work',
  summary: 'Report a claimed task as done or failed.',
  guidance: 'A conflict means the claim has passed on: stop working on the task.',
  kind: 'write',
  http: 'POST /tasks/{task_id}/complete',
  cli: 'task complete <task_id>',
  toolset: 'work',
  minimumTrust: 2,
  wakes: true,
  input: z.strictObject({
    ...report,
    claim_next: z.boolean().default(false).describe('Claim your next task, too, whatever its type.'),
  }),
  leadsTo: ({ claim_next }) => (claim_next === true ? [{ operation: 'get_work', input: getWork.input.parse({}) }] : []),
  output: z.object({ ...completion, next: getWork.output.describe('As get_work answers.').optional() }),
});

export const releaseTask = defineOperation({
  name: 'release_task',
  summary: 'Give a claimed task back undone.',
  guidance: 'For work you cannot do now; the attempt does not count.',
  kind: 'write',
  http: 'POST /tasks/{task_id}/release',
  cli: 'task release <task_id>',
  toolset: 'work',
  minimumTrust: 2,
  wakes: true,
  input: z.strictObject({
    task_id: taskId,
    claim_token: claimToken,
    reason: guarded(z.string().min(1).max(2000).describe('Why, for whoever gets it next.')).optional(),
    run_after: runAfter.optional(),
  }),
  output: z.object({
    released: z.boolean().describe('True: it is not yours any more.'),
    status: taskStatus.describe('ready or scheduled.'),
  }),
});

export const reportProgress = defineOperation({
  name: 'report_progress',
  summary: 'Note how far a claimed task has come, and renew the claim.',
  kind: 'write',
  http: 'POST /tasks/{task_id}/progress',
  cli: 'task progress <task_id> <note>',
  toolset: 'work',
  minimumTrust: 2,
  input: z.strictObject({
    task_id: taskId,
    claim_token: claimToken,
    note: guarded(z.string().min(1).max(1000).describe('How far it is; others see it.')),
    percent: z.int().min(0).max(100).describe('How much is done.').optional(),
  }),
  output: z.object({
    noted: z.boolean().describe('True when it was kept.'),
    claim_expires_at: instant('When the claim lapses unless renewed.'),
  }),
});

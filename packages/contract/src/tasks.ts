import { z } from 'zod';
import { count, guarded, instant, json, repositoryPath, repositoryPathList, token, uuid, word } from './fields.ts';

export const taskId = uuid('Task, as answered by submit_work.');
export const claimToken = token('Token answered by get_work.');

export const taskStatus = z
  .enum(['ready', 'blocked', 'scheduled', 'claimed', 'done', 'failed', 'cancelled'])
  .describe(
    'ready: may be claimed; blocked: waits for dependencies; scheduled: waits for its time; claimed: somebody works ' +
      'on it; done; failed: out of attempts, past its deadline, or failed with a dependency; cancelled.',
  );

export const title = z.string().describe('What is to be done, in one line.');
export const runAfter = instant('Not handed out before.');
const priority = z.int().min(1).max(10).describe('1 is most urgent, 10 least.');
const deadline = instant('Not handed out after; the task fails then.');
const escalateTo = z.string().min(1).max(128).describe('Agent that gets an escalation if it fails.');

const labels = {
  type: z.string().describe('Kind of work.'),
  title,
  priority,
  tags: z.array(z.string()).describe('Labels to list by.'),
};

const handedOver = {
  description: z.string().nullable().describe('Everything the worker needs to know.'),
  input: json('What the submitter handed over.').nullable(),
};

const reference = z.object({ task_id: taskId, title, status: taskStatus });

/** What a submitter may say about a task, but for what it depends on. */
export const submission = {
  title: guarded(z.string().min(1).max(200).describe('What is to be done, in one line.')),
  description: guarded(z.string().describe('Everything the worker needs to know.')).optional(),
  type: word('Kind of work, which get_work can filter by.').default('task'),
  input: guarded(json('Structured input for the worker.')).optional(),
  priority: priority.default(5),
  tags: z.array(word('Tag.')).max(20).describe('Labels to list by.').default([]),
  depends_on: z.array(taskId).max(100).describe('Tasks that must be done first.').optional(),
  max_attempts: z.int().min(1).max(20).default(3).describe('Attempts before the task counts as failed.'),
  capabilities: z.array(word('Capability.')).max(20).describe('What the worker must be able to do.').optional(),
  paths: repositoryPathList(repositoryPath('File or folder.'), 100, 8192)
    .describe('Files it will change: locked by the claim; tasks that clash never run together.')
    .optional(),
  assignee: z.string().min(1).max(128).describe('Agent that is to do it; auto: the best one.').optional(),
  run_after: runAfter.optional(),
  deadline: deadline.optional(),
  retry: z
    .enum(['none', 'linear', 'exponential'])
    .describe('How delays between attempts grow (default exponential); none: one attempt.')
    .optional(),
  retry_seconds: z.int().min(0).max(86_400).describe('First delay, 60 by default.').optional(),
  escalate_to: escalateTo.optional(),
  parent_id: taskId.describe('Task that cannot be done before this one has ended.').optional(),
  on_dependency_failure: z
    .enum(['block', 'cascade'])
    .describe('If a dependency fails: stay blocked (default), or fail too.')
    .optional(),
};

export const submitted = {
  task_id: taskId,
  status: taskStatus,
  unmet_dependencies: count('Dependencies that are not done yet.'),
};

export const claimedTask = z
  .object({
    task_id: taskId,
    ...labels,
    ...handedOver,
    attempt: count('Which attempt this is, from 1.'),
    max_attempts: count('Attempts before it counts as failed.'),
    last_error: z.string().nullable().describe('Why the attempt before failed.'),
    paths: z.array(z.string()).describe('Files that were locked for it.').optional(),
    deadline: deadline.optional(),
    parent_id: taskId.describe('Task that this one is part of.').optional(),
  })
  .describe('The task, when claimed.');

/** How a claimed task ended. */
export const report = {
  task_id: taskId,
  claim_token: claimToken,
  success: z.boolean().default(true).describe('False when the attempt failed.'),
  result: guarded(json('Outcome for whoever reads the task.')).optional(),
  error: guarded(z.string().min(1).describe('What went wrong, when `success` is false.')).optional(),
};

export const completion = {
  status: taskStatus.describe('done, failed, or ready or scheduled when another attempt follows.'),
  attempts_left: count('Attempts left when it failed.'),
  unblocked: count('Tasks that became ready.'),
  run_after: instant('When the next attempt may begin.').optional(),
};

export const taskSummary = z.object({
  task_id: taskId,
  status: taskStatus,
  agent: z.string().nullable().describe('Who works on it or finished it.'),
  assignee: z.string().nullable().describe('Who is to do it.'),
  ...labels,
  attempts: count('Times it was claimed.'),
  max_attempts: count('Attempts before it counts as failed.'),
  blocked_by: z.array(reference).describe('Failed or cancelled dependencies that keep it blocked, ten at most.'),
  created_at: instant('When it was submitted.'),
});

const progressNote = z.object({
  noted_at: instant('When.'),
  agent: z.string().describe('Who worked on it.'),
  note: z.string().describe('How far it was.'),
  percent: z.int().min(0).max(100).nullable().describe('How much was done.'),
});

export const task = taskSummary.extend({
  ...handedOver,
  depends_on: z.array(reference).describe('Tasks that come first.'),
  on_dependency_failure: submission.on_dependency_failure.unwrap(),
  subtasks: z.object({ open: count('Not ended.'), total: count('All.') }).describe('Tasks that are part of this one.'),
  parent_id: taskId.describe('Task that this one is part of.').nullable(),
  capabilities: z.array(z.string()).describe('What an agent must be able to do to get it.'),
  paths: z.array(z.string()).describe('Files it changes.'),
  run_after: runAfter.nullable(),
  deadline: deadline.nullable(),
  retry: submission.retry.unwrap(),
  retry_seconds: submission.retry_seconds.unwrap(),
  escalate_to: escalateTo.nullable(),
  progress: z.array(progressNote).describe('The last notes of those who worked on it, newest first.'),
  submitted_by: z.string().describe('Agent that submitted it.'),
  claim_token: count('Token of the last claim.'),
  claim_expires_at: instant('When the claim lapses.').nullable(),
  result: json('What the worker reported.').nullable(),
  error: z.string().nullable().describe('Why the last attempt failed, or the task ended.'),
  finished_at: instant('When it ended.').nullable(),
});

export const historyEntries = z
  .array(
    z.object({
      happened_at: instant('When.'),
      operation: z.string().describe('What was called, or sweep.'),
      outcome: z.string().describe('ok, or what came of it.'),
      agent: z.string().nullable().describe('Who called.'),
      resource: z.string().describe('What it was about, such as task:<id>.'),
      detail: z.unknown().describe('More about it.'),
      session_id: uuid('Session that called.').nullable(),
    }),
  )
  .describe('Newest first.');

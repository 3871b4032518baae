import { z } from 'zod';
import {
  agentFields,
  count,
  hint,
  instant,
  json,
  leaseSeconds,
  limit,
  token,
  uuid,
  waitSeconds,
  word,
} from '../fields.ts';
import { defineOperation } from '../operation.ts';

const taskId = uuid('Task, as answered by submit_work.');
const priority = z.int().min(1).max(10).describe('1 is most urgent, 10 least.');
const status = z
  .enum(['ready', 'blocked', 'claimed', 'done', 'failed'])
  .describe('ready: may be claimed; blocked: waits for dependencies; claimed: somebody works on it; done; failed.');

const title = z.string().describe('What is to be done, in one line.');
const description = z.string().nullable().describe('Everything the worker needs to know.');
const labels = {
  type: z.string().describe('Kind of work.'),
  title,
  priority,
  tags: z.array(z.string()).describe('Labels to list by.'),
};

const summary = z.object({
  task_id: taskId,
  status,
  agent: z.string().nullable().describe('Who works on it or finished it.'),
  ...labels,
  attempts: count('Times it was claimed.'),
  max_attempts: count('Attempts before it counts as failed.'),
  created_at: instant('When it was submitted.'),
});

const task = summary.extend({
  description,
  input: json('What the submitter handed over.').nullable(),
  depends_on: z.array(z.object({ task_id: taskId, title, status })).describe('Tasks that come first.'),
  submitted_by: z.string().describe('Agent that submitted it.'),
  claim_expires_at: instant('When the claim lapses.').nullable(),
  result: json('What the worker reported.').nullable(),
  error: z.string().nullable().describe('Why the last attempt failed.'),
  finished_at: instant('When it ended.').nullable(),
});

export const submitWork = defineOperation({
  name: 'submit_work',
  summary: 'Put a task into the queue.',
  guidance: 'Use `depends_on` for order: a task is handed out only when all it depends on are done.',
  kind: 'write',
  http: 'POST /tasks',
  cli: 'task submit <title>',
  toolset: 'work',
  minimumTrust: 2,
  wakes: true,
  input: z.strictObject({
    title: z.string().min(1).max(200).describe('What is to be done, in one line.'),
    description: z.string().describe('Everything the worker needs to know.').optional(),
    type: word('Kind of work, which get_work can filter by.').default('task'),
    input: json('Structured input for the worker.').optional(),
    priority: priority.default(5),
    tags: z.array(word('Tag.')).max(20).describe('Labels to list by.').default([]),
    depends_on: z.array(taskId).max(100).describe('Tasks that must be done first.').default([]),
    max_attempts: z.int().min(1).max(20).default(3).describe('Attempts before the task counts as failed.'),
  }),
  output: z.object({
    task_id: taskId,
    status,
    unmet_dependencies: count('Dependencies that are not done yet.'),
  }),
});

export const getWork = defineOperation({
  name: 'get_work',
  summary: 'Claim the next task.',
  guidance:
    'The task is yours until `claim_expires_at`; heartbeat renews it. Lock the files you edit, then call ' +
    'complete_work with `claim_token`. If `claimed` is false there is nothing to do now.',
  kind: 'write',
  http: 'POST /tasks/claim',
  cli: 'task next',
  toolset: 'work',
  minimumTrust: 2,
  input: z.strictObject({
    types: z.array(word('Type.')).min(1).max(20).describe('Only these types of task.').optional(),
    lease_seconds: leaseSeconds('Seconds the claim lasts without a heartbeat.'),
    wait_seconds: waitSeconds('Seconds to wait for a task when there is none; 0 answers at once.'),
  }),
  output: z.object({
    claimed: z.boolean().describe('True when a task was handed to you.'),
    task: z
      .object({
        task_id: taskId,
        ...labels,
        description,
        input: json('What the submitter handed over.').nullable(),
        attempt: count('Which attempt this is, from 1.'),
        max_attempts: count('Attempts before it counts as failed.'),
        last_error: z.string().nullable().describe('Why the attempt before failed.'),
      })
      .describe('The task, when claimed.')
      .optional(),
    claim_token: token('Send it with complete_work.').optional(),
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
    task_id: taskId,
    claim_token: token('Token answered by get_work.'),
    success: z.boolean().default(true).describe('False when the attempt failed.'),
    result: json('Outcome for whoever reads the task.').optional(),
    error: z.string().min(1).describe('What went wrong, when `success` is false.').optional(),
  }),
  output: z.object({
    status: status.describe('done, failed, or ready when another attempt follows.'),
    attempts_left: count('Attempts left when it failed.'),
    unblocked: count('Tasks that became ready.'),
  }),
});

export const getTask = defineOperation({
  name: 'get_task',
  summary: 'Show one task with its result.',
  kind: 'read',
  http: 'GET /tasks/{task_id}',
  cli: 'task show <task_id>',
  toolset: 'work',
  minimumTrust: 1,
  input: z.strictObject({ task_id: taskId }),
  output: task,
});

export const listTasks = defineOperation({
  name: 'list_tasks',
  summary: 'List tasks, newest first.',
  kind: 'read',
  http: 'GET /tasks',
  cli: 'tasks',
  toolset: 'work',
  minimumTrust: 1,
  input: z.strictObject({
    status: status.optional(),
    type: word('Only this type.').optional(),
    tag: word('Only tasks with this tag.').optional(),
    limit,
    before: taskId.describe('Page on: only tasks submitted before this one.').optional(),
  }),
  output: z.object({
    tasks: z.array(summary).describe('Newest first.'),
    next_before: taskId.nullable().describe('Pass as `before` for the next page; null at the end.'),
  }),
});

const boardAgent = z.object({
  ...agentFields,
  presence: z.enum(['active', 'idle', 'stale', 'gone']).describe('By the last real call.'),
  working_on: z.string().nullable().describe('What the session says it is doing.'),
  tasks: z.array(z.object({ task_id: taskId, title })).describe('Tasks it works on now.'),
});

export const getTaskBoard = defineOperation({
  name: 'get_task_board',
  summary: 'Show agents, what each works on, and the state of the queue.',
  kind: 'read',
  http: 'GET /board',
  cli: 'board',
  toolset: 'work',
  minimumTrust: 1,
  input: z.strictObject({}),
  output: z.object({
    agents: z.array(boardAgent).describe('Live sessions, at most 100.'),
    tasks: z
      .object({
        ready: count('May be claimed.'),
        blocked: count('Wait for dependencies.'),
        claimed: count('Somebody works on them.'),
        done: count('Finished.'),
        failed: count('Out of attempts.'),
      })
      .describe('Tasks by status, each counted up to 10,000.'),
    locks: count('Locks held now, counted up to 10,000.'),
  }),
});

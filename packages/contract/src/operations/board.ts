import { z } from 'zod';
import { agentFields, count, limit, word } from '../fields.ts';
import { defineOperation } from '../operation.ts';
import { task, taskId, taskStatus, taskSummary, title } from '../tasks.ts';

export const getTask = defineOperation({
  name: 'get_task',
  summary: 'Show one task with its result.',
  kind: 'read',
  http: 'GET /tasks/{task_id}',
  cli: 'task show <task_id>',
  toolset: 'queue',
  minimumTrust: 1,
  input: z.strictObject({ task_id: taskId }),
  output: task,
});

export const listTasks = defineOperation({
  name: 'list_tasks',
  summary: 'List tasks, newest first.',
  guidance: 'Status failed is the list of dead letters; retry_task gives one its attempts anew.',
  kind: 'read',
  http: 'GET /tasks',
  cli: 'tasks',
  toolset: 'work',
  minimumTrust: 1,
  input: z.strictObject({
    status: taskStatus.optional(),
    type: word('Only this type.').optional(),
    tag: word('Only tasks with this tag.').optional(),
    assignee: z.string().min(1).max(128).describe('Only tasks assigned to this agent.').optional(),
    parent_id: taskId.describe('Only subtasks of this task.').optional(),
    limit,
    before: taskId.describe('Page on: only tasks submitted before this one.').optional(),
  }),
  output: z.object({
    tasks: z.array(taskSummary).describe('Newest first.'),
    next_before: taskId.nullable().describe('Pass as `before` for the next page; null at the end.'),
  }),
});

const boardAgent = z.object({
  ...agentFields,
  presence: z.enum(['active', 'idle', 'stale', 'gone']).describe('By the last real call.'),
  working_on: z.string().nullable().describe('What the session says it is doing.'),
  open: count('Tasks that the agent works on, or that are assigned to it.'),
  done: count('Tasks that the agent finished, of the 10,000 newest.'),
  tasks: z.array(z.object({ task_id: taskId, title })).describe('Tasks it works on now.'),
});

export const getTaskBoard = defineOperation({
  name: 'get_task_board',
  summary: 'Show agents, what each works on, and the state of the queue.',
  kind: 'read',
  http: 'GET /board',
  cli: 'board',
  toolset: 'queue',
  minimumTrust: 1,
  input: z.strictObject({}),
  output: z.object({
    agents: z.array(boardAgent).describe('Live sessions, at most 100.'),
    tasks: z
      .object({
        ready: count('May be claimed.'),
        blocked: count('Wait for dependencies.'),
        scheduled: count('Wait for their time.'),
        claimed: count('Somebody works on them.'),
        done: count('Finished, of the 10,000 newest.'),
        failed: count('Out of attempts, or past their deadline.'),
        cancelled: count('Nobody needs them.'),
      })
      .describe('Tasks by status, each counted up to 10,000 or a little over.'),
    locks: count('Locks held now, counted up to 10,000.'),
  }),
});

import { z } from 'zod';
import { agentFields, cappedCount, limit, word } from '../fields.ts';
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
  direct: ['task_id'],
  input: z.strictObject({ task_id: taskId }),
  output: task,
});

export const listTasks = defineOperation({
  name: 'list_tasks',
  summary: 'List tasks: the newest first, but ready and scheduled ones in the order of their turn.',
  guidance: 'Status failed is the list of dead letters; retry_task gives one its attempts anew.',
  kind: 'read',
  http: 'GET /tasks',
  cli: 'tasks',
  toolset: 'work',
  minimumTrust: 1,
  direct: ['status', 'type', 'tag', 'assignee', 'parent_id', 'limit', 'before'],
  input: z.strictObject({
    status: taskStatus.optional(),
    type: word('Only this type.').optional(),
    tag: word('Only tasks with this tag.').optional(),
    assignee: z.string().min(1).max(128).describe('Only tasks assigned to this agent.').optional(),
    parent_id: taskId.describe('Only subtasks of this task.').optional(),
    limit,
    before: taskId.describe('Page on: what comes after this task in the list.').optional(),
  }),
  output: z.object({
    tasks: z.array(taskSummary).describe('Maybe fewer than `limit`, or none, while `next_before` is not null.'),
    next_before: taskId.nullable().describe('Pass as `before` to go on; null at the end.'),
  }),
});

const boardAgent = z.object({
  ...agentFields,
  presence: z.enum(['active', 'idle', 'stale', 'gone']).describe('By the last real call.'),
  working_on: z.string().nullable().describe('What the session says it is doing.'),
  open: cappedCount('Tasks that the agent works on, or that are assigned to it.'),
  done: cappedCount('Tasks that the agent finished, of the 1,000 newest.'),
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
  direct: [],
  input: z.strictObject({}),
  output: z.object({
    agents: z.array(boardAgent).describe('Live sessions, at most 100.'),
    tasks: z
      .object({
        ready: cappedCount('May be claimed.'),
        blocked: cappedCount('Wait for dependencies.'),
        scheduled: cappedCount('Wait for their time.'),
        claimed: cappedCount('Somebody works on them.'),
        done: cappedCount('Finished, of the 1,000 newest.'),
        failed: cappedCount('Out of attempts, or past their deadline.'),
        cancelled: cappedCount('Nobody needs them.'),
      })
      .describe('Tasks by status. Counts stop at 1,000, so 1000 stands for that many or more.'),
    locks: cappedCount('Locks held now, counted up to 1,000.'),
  }),
});

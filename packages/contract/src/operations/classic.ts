import { z } from 'zod';
import { defineOperation } from '../operation.ts';
import { submission, submitted } from '../tasks.ts';
import { registerSession } from './sessions.ts';
import { completeWork, getWork } from './work.ts';

// Names that users of earlier coordinators know, for the same functions.

export const registerAgent = defineOperation({
  name: 'register_agent',
  standsFor: 'register_session',
  summary: 'Say who is here and what it can do, as register_session does.',
  kind: 'write',
  http: 'POST /classic/agents',
  cli: 'register',
  toolset: 'classic',
  minimumTrust: 1,
  input: registerSession.input.pick({ agent_type: true, capabilities: true }),
  output: registerSession.output,
});

const priorities = { urgent: 1, high: 3, normal: 5, low: 8 };

export const createTask = defineOperation({
  name: 'create_task',
  standsFor: 'submit_work',
  summary: 'Put a task into the queue, as submit_work does.',
  kind: 'write',
  http: 'POST /classic/tasks',
  cli: 'create-task <title>',
  toolset: 'classic',
  minimumTrust: 2,
  wakes: true,
  input: z.strictObject({
    title: submission.title,
    description: submission.description,
    priority: z.enum(['urgent', 'high', 'normal', 'low']).default('normal').describe('1, 3, 5 or 8 of submit_work.'),
    assignee: submission.assignee,
    capabilities: submission.capabilities,
    files: submission.paths,
    blocked_by: submission.depends_on,
  }),
  meaning: ({ files, blocked_by, priority = 'normal', ...rest }) => ({
    ...{ ...rest, paths: files, depends_on: blocked_by, priority: priorities[priority as keyof typeof priorities] },
  }),
  output: z.object(submitted),
});

export const getNextTask = defineOperation({
  name: 'get_next_task',
  standsFor: 'get_work',
  summary: 'Claim the next task, as get_work does.',
  kind: 'write',
  http: 'POST /classic/tasks/next',
  cli: 'next-task',
  toolset: 'classic',
  minimumTrust: 2,
  input: getWork.input.pick({ wait_seconds: true }),
  output: getWork.output,
});

export const completeTask = defineOperation({
  name: 'complete_task',
  standsFor: 'complete_work',
  summary: 'Report a claimed task as done or failed, as complete_work does.',
  guidance: 'With `error` the attempt has failed.',
  kind: 'write',
  http: 'POST /classic/tasks/{task_id}/complete',
  cli: 'complete-task <task_id>',
  toolset: 'classic',
  minimumTrust: 2,
  wakes: true,
  input: completeWork.input.pick({ task_id: true, claim_token: true, result: true, error: true }),
  output: completeWork.output,
});

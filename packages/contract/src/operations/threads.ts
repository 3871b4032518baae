import { z } from 'zod';
import { agentName, count, instant, limit, uuid } from '../fields.ts';
import { defineOperation } from '../operation.ts';

const threadId = uuid('Thread, as answered by create_thread.');
const text = z.string().min(1).max(65_536).describe('The post.');
const mentions = z.array(agentName('Agent.')).max(20).default([]).describe('Agents that find the post in their inbox.');
const priority = z.enum(['high', 'normal', 'low']);
const status = z
  .enum(['active', 'waiting', 'resolved'])
  .describe('active; waiting: for somebody or something; resolved: nobody can reply.');
const postNumber = z.int().min(1).max(2_147_483_647).describe('Place of the post in its thread, from 1 on.');

const posted = { thread_id: threadId, status, post_number: postNumber };

export const createThread = defineOperation({
  name: 'create_thread',
  summary: 'Open a thread on the board, where everybody can read and reply.',
  kind: 'write',
  http: 'POST /threads',
  cli: 'thread create <title> <text>',
  toolset: 'board',
  minimumTrust: 2,
  wakes: true,
  input: z.strictObject({
    title: z.string().min(1).max(200).describe('What it is about, in one line.'),
    text,
    priority: priority.default('normal').describe('How much it matters.'),
    mentions,
  }),
  output: z.object(posted),
});

export const replyToThread = defineOperation({
  name: 'reply_to_thread',
  summary: 'Reply in a thread.',
  guidance: 'Who opened the thread, and who is mentioned, finds it in the inbox.',
  kind: 'write',
  http: 'POST /threads/{thread_id}/posts',
  cli: 'thread reply <thread_id> <text>',
  toolset: 'board',
  minimumTrust: 2,
  wakes: true,
  input: z.strictObject({ thread_id: threadId, text, mentions }),
  output: z.object(posted),
});

export const setThreadStatus = defineOperation({
  name: 'set_thread_status',
  summary: 'Say how a thread stands: active, waiting or resolved.',
  kind: 'write',
  http: 'POST /threads/{thread_id}/status',
  cli: 'thread status <thread_id> <status>',
  toolset: 'board',
  minimumTrust: 2,
  input: z.strictObject({ thread_id: threadId, status }),
  output: z.object({ thread_id: threadId, status, was: status.describe('How it stood before.') }),
});

const thread = z.object({
  thread_id: threadId,
  title: z.string().describe('What it is about.'),
  priority: priority.describe('How much it matters.'),
  status,
  agent: z.string().describe('Who opened it.'),
  posts: count('How many posts it has.'),
  created_at: instant('When it was opened.'),
  changed_at: instant('Last post or change of status.'),
});

export const listThreads = defineOperation({
  name: 'list_threads',
  summary: 'List threads, the last to change first.',
  kind: 'read',
  http: 'GET /threads',
  cli: 'threads',
  toolset: 'board',
  minimumTrust: 1,
  input: z.strictObject({
    status: status.optional(),
    priority: priority.describe('Only this priority.').optional(),
    agent: agentName('Only threads that this agent opened.').optional(),
    limit,
    before: threadId.describe('Page on: only threads that changed before this one.').optional(),
  }),
  output: z.object({
    threads: z.array(thread).describe('The last to change first.'),
    next_before: threadId.nullable().describe('Pass as `before` for the next page; null at the end.'),
  }),
});

const post = z.object({
  post_number: postNumber,
  agent: z.string().describe('Who wrote it.'),
  posted_at: instant('When.'),
  text: z.string().describe('The post.'),
  mentions: z.array(z.string()).describe('Agents it mentions.'),
});

export const readThread = defineOperation({
  name: 'read_thread',
  summary: 'Read a thread.',
  kind: 'read',
  http: 'GET /threads/{thread_id}',
  cli: 'thread show <thread_id>',
  toolset: 'board',
  minimumTrust: 1,
  input: z.strictObject({
    thread_id: threadId,
    after: count('Only posts after this number.').default(0),
    limit,
  }),
  output: z.object({
    thread: thread.describe('How it stands.'),
    posts: z.array(post).describe('In their order.'),
    next_after: postNumber.nullable().describe('Pass as `after` for the next page; null at the end.'),
  }),
});

import { z } from 'zod';
import { agentFields, count, guarded, instant, limit, uuid, word } from '../fields.ts';
import { handoffOffer } from '../handoffs.ts';
import { defineOperation } from '../operation.ts';

const workingOn = z.string().max(500).describe('What this session is doing, for others to see.');
const leaseExpires = instant('When the session lapses without a heartbeat; null when it lives by TTLs alone.');

export const registerSession = defineOperation({
  name: 'register_session',
  summary: 'Say who is here and what it can do.',
  guidance: 'Call it first: it tells others what you work on, and you what earlier sessions left.',
  kind: 'write',
  http: 'POST /sessions',
  cli: 'session register',
  toolset: 'presence',
  minimumTrust: 1,
  input: z.strictObject({
    agent_type: word('Kind of agent, such as claude_code or codex.').optional(),
    capabilities: z.array(word('Capability.')).max(50).describe('What this agent can do.').optional(),
    working_on: workingOn.optional(),
    beats: z
      .boolean()
      .default(false)
      .describe('For client libraries: heartbeats follow every 15 s, and the session lapses 60 s after the last.'),
  }),
  output: z.object({
    ...agentFields,
    session_id: uuid('This session.'),
    project: z.string().describe('Project it belongs to.'),
    trust: z.int().min(0).max(4).describe('What it may do: 0 nothing, 1 read, 2 write, 3 elevated, 4 administer.'),
    lease_expires_at: leaseExpires.nullable(),
    handoffs: z.array(handoffOffer).describe('What earlier sessions left, at most three; read_handoff has the whole.'),
  }),
});

export const heartbeat = defineOperation({
  name: 'heartbeat',
  summary: 'Stay alive and renew the claims of this session.',
  guidance: 'Only needed in long pauses: every other call counts as a heartbeat too.',
  kind: 'write',
  http: 'POST /sessions/heartbeat',
  cli: 'session heartbeat',
  toolset: 'presence',
  minimumTrust: 1,
  input: z.strictObject({
    working_on: workingOn.optional(),
    automatic: z
      .boolean()
      .default(false)
      .describe('For client libraries: sent by a timer, so it does not count as activity.'),
  }),
  output: z.object({
    session_id: uuid('This session.'),
    lease_expires_at: leaseExpires.nullable(),
    renewed_claims: count(
      'Claims of this session that have more than half of their lease left, now that it is renewed.',
    ),
  }),
});

export const openSubagent = defineOperation({
  name: 'open_subagent',
  summary: 'Open a session for a helper of this one.',
  guidance:
    'It is <agent>/<name>, holds locks and tasks of its own, and ends with this session. Call in its name with the ' +
    'session id that is answered.',
  kind: 'write',
  http: 'POST /sessions/subagents',
  cli: 'session subagent <name>',
  toolset: 'sessions',
  minimumTrust: 1,
  input: z.strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$/, 'must be 1 to 64 letters, digits, _ . @ -')
      .describe('What it is called, after the name of this agent.'),
    trust: z.int().min(0).max(4).describe('At most that of this session, which it is when left out.').optional(),
    agent_type: word('Kind of agent; that of this session when left out.').optional(),
    working_on: workingOn.optional(),
    beats: z.boolean().default(false).describe('True when it sends heartbeats of its own, and lapses without them.'),
  }),
  output: z.object({
    ...agentFields,
    session_id: uuid('The new session.'),
    trust: z.int().min(0).max(4).describe('What it may do.'),
    parent_session_id: uuid('This session.'),
    delegated_from: z.string().describe('Agent on whose behalf it works.'),
    lease_expires_at: leaseExpires.nullable(),
  }),
});

export const discoverAgents = defineOperation({
  name: 'discover_agents',
  summary: 'List the agents at work in this project.',
  kind: 'read',
  http: 'GET /agents',
  cli: 'agents',
  toolset: 'presence',
  minimumTrust: 1,
  direct: ['capability', 'limit'],
  input: z.strictObject({
    capability: word('Only agents with this capability.').optional(),
    limit,
  }),
  output: z.object({
    agents: z
      .array(
        z.object({
          ...agentFields,
          parent_session_id: uuid('Of a subagent: the session that opened it.').nullable(),
          delegated_from: z.string().describe('Of a subagent: the agent on whose behalf it works.').nullable(),
          presence: z
            .enum(['active', 'idle', 'stale', 'gone'])
            .describe('By the last real call: active < 2 min, idle < 15 min, stale < 60 min, gone.'),
          capabilities: z.array(z.string()).describe('What this agent can do.'),
          working_on: z.string().nullable().describe('What the session says it is doing.'),
          last_call_at: instant('Last call that was not an automatic heartbeat.'),
          claimed_tasks: count('Tasks it works on now.'),
          me: z.boolean().describe('True for the asking session.'),
        }),
      )
      .describe('Live sessions, the last to call first.'),
  }),
});

export const endSession = defineOperation({
  name: 'end_session',
  summary: 'Leave: release the locks of this session and give its tasks back.',
  kind: 'write',
  http: 'POST /sessions/end',
  cli: 'session end',
  toolset: 'sessions',
  minimumTrust: 1,
  wakes: true,
  input: z.strictObject({
    reason: guarded(z.string().max(200).describe('Why it ends, for the history of the agent.')).optional(),
  }),
  output: z.object({
    session_id: uuid('The session that ended.'),
    released_locks: count('Locks that are free now.'),
    returned_tasks: count('Tasks that went back to the queue.'),
  }),
});

export const sweep = defineOperation({
  name: 'sweep',
  summary: 'Clean up after dead sessions and lapsed claims now.',
  guidance: 'Runs by itself every few seconds; correctness never waits for it.',
  kind: 'write',
  http: 'POST /sweep',
  cli: 'sweep',
  toolset: 'admin',
  minimumTrust: 3,
  wakes: true,
  input: z.strictObject({}),
  output: z.object({
    ended_sessions: count('Sessions that had lapsed.'),
    returned_tasks: count('Claims that had lapsed.'),
    released_locks: count('Locks freed with their sessions.'),
  }),
});

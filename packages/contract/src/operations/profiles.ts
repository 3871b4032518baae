import { z } from 'zod';
import { agentName, count, instant, uuid, word } from '../fields.ts';
import { defineOperation } from '../operation.ts';

const profile = word('Name of the profile.');
const trust = z.int().min(0).max(4).describe('Most trust it leaves: 1 read, 2 write, 3 elevated, 4 administer.');
const text = (description: string) => z.string().max(200).describe(description);
const permissions = (description: string) =>
  z.array(word('An operation, a toolset, read or write.')).max(100).describe(description);
const agent = agentName('Name of the agent.');
const agentType = word('Kind of agent, as its key or its host names it.');
const changedSessions = count('Living sessions that may do more or less from now on.');

const limits = {
  calls_per_hour: z.int().min(1).max(1_000_000).describe('Calls in an hour, of all its sessions together.'),
  max_locks: z.int().min(0).max(10_000).describe('Locks held at once, of all its sessions together.'),
  max_files: z
    .int()
    .min(0)
    .max(100_000)
    .describe('Different files locked alone within an hour; then it cannot lock trees and globs alone.'),
  session_seconds: z.int().min(60).max(2_592_000).describe('Seconds that a session lives.'),
};

const optional = <Field extends z.ZodType>(field: Field) => field.optional();

export const getMyProfile = defineOperation({
  name: 'get_my_profile',
  summary: 'Show what this session may do, and what is left of its limits.',
  kind: 'read',
  http: 'GET /profile',
  cli: 'profiles mine',
  toolset: 'sessions',
  minimumTrust: 1,
  input: z.strictObject({}),
  output: z.object({
    project: z.string().describe('Project that it works in.'),
    agent: z.string().describe('Name of the agent.'),
    agent_type: z.string().describe('Kind of agent.'),
    session_id: uuid('This session.'),
    parent_session_id: uuid('Of a subagent: the session that opened it.').nullable(),
    delegated_from: z.string().describe('Of a subagent: the agent on whose behalf it works.').nullable(),
    key_id: z.string().describe('Key it calls with; null for a process of this machine.').nullable(),
    profile: profile.describe('Its profile; null for the command line of the coordinator, which has none.').nullable(),
    source: z
      .enum(['agent', 'agent_type', 'default', 'local administrator'])
      .describe('By what it has that profile: its name, its kind, or for want of another.'),
    trust: z.int().min(0).max(4).describe('What it may do: 0 nothing, 1 read, 2 write, 3 elevated, 4 administer.'),
    credential_trust: z.int().min(0).max(4).describe('What its credential alone would allow.'),
    suspended: z.boolean().describe('True while everything is refused to it.'),
    scopes: permissions('What its key is for; null for everything.').nullable(),
    allowed_operations: permissions('What the profile permits; null for everything.').nullable(),
    blocked_operations: permissions('What the profile does not permit.'),
    ends_at: instant('When the session ends at the latest; null for never.').nullable(),
    limits: z
      .array(
        z.object({
          limit: z.enum(Object.keys(limits) as [keyof typeof limits]).describe('Which limit.'),
          most: count('How much it may have.'),
          used: count('How much of it is used.'),
          left: count('How much is left.'),
          resets_at: instant('When all of it is left again; null when that depends on what it does.').nullable(),
        }),
      )
      .describe('Limits of this session; none means that nothing is counted.'),
  }),
});

export const setProfile = defineOperation({
  name: 'set_profile',
  summary: 'Say what agents with this profile may do, at most.',
  guidance:
    'Replaces the profile of that name as a whole, at once for living sessions. It takes away from what a key allows, ' +
    'and never adds. The profile `default` is for everybody without another one.',
  kind: 'write',
  http: 'POST /profiles',
  cli: 'profiles set <profile>',
  toolset: 'admin',
  minimumTrust: 4,
  wakes: true,
  input: z.strictObject({
    profile,
    trust,
    description: text('What it is for.').optional(),
    allowed_operations: permissions('Permits these alone; everything when left out.').optional(),
    blocked_operations: permissions('Does not permit these.').optional(),
    calls_per_hour: optional(limits.calls_per_hour),
    max_locks: optional(limits.max_locks),
    max_files: optional(limits.max_files),
    session_seconds: optional(limits.session_seconds),
  }),
  output: z.object({
    profile,
    replaced: z.boolean().describe('True when there was one of that name.'),
    changed_sessions: changedSessions,
  }),
});

export const listProfiles = defineOperation({
  name: 'list_profiles',
  summary: 'List the profiles, who has which, and who is suspended.',
  kind: 'read',
  http: 'GET /profiles',
  cli: 'profiles list',
  toolset: 'admin',
  minimumTrust: 1,
  input: z.strictObject({}),
  output: z.object({
    profiles: z
      .array(
        z.object({
          profile,
          description: z.string().describe('What it is for.').nullable(),
          trust,
          allowed_operations: permissions('What it permits; null for everything.').nullable(),
          blocked_operations: permissions('What it does not permit.').nullable(),
          calls_per_hour: limits.calls_per_hour.nullable(),
          max_locks: limits.max_locks.nullable(),
          max_files: limits.max_files.nullable(),
          session_seconds: limits.session_seconds.nullable(),
          set_by: z.string().describe('Who set it; null as long as it is as it came.').nullable(),
          set_at: instant('When it was set.'),
        }),
      )
      .describe('The default one first, then by name.'),
    assignments: z
      .array(
        z.object({
          kind: z
            .enum(['agent', 'agent_type'])
            .describe('Whether the name is that of an agent or of a kind of agents.'),
          name: z.string().describe('Who has it.'),
          profile,
          assigned_by: z.string().describe('Who assigned it.'),
          assigned_at: instant('When it was assigned.'),
        }),
      )
      .describe('Everybody else has the default one.'),
    suspensions: z
      .array(
        z.object({
          agent,
          reason: z.string().describe('Why.').nullable(),
          suspended_by: z.string().describe('Who suspended it.'),
          suspended_at: instant('Since when.'),
        }),
      )
      .describe('Agents that may do nothing now.'),
  }),
});

export const deleteProfile = defineOperation({
  name: 'delete_profile',
  summary: 'Remove a profile that nobody has.',
  kind: 'write',
  http: 'POST /profiles/{profile}/delete',
  cli: 'profiles delete <profile>',
  toolset: 'admin',
  minimumTrust: 4,
  input: z.strictObject({ profile }),
  output: z.object({ deleted: z.literal(true).describe('It is gone.'), profile }),
});

const subject = {
  agent: agent.optional(),
  agent_type: agentType.optional(),
};

const assignment = z.object({
  profile,
  kind: z.enum(['agent', 'agent_type']).describe('Whether the name is that of an agent or of a kind of agents.'),
  name: z.string().describe('Whose profile it is, or was.'),
  changed_sessions: changedSessions,
});

export const assignProfile = defineOperation({
  name: 'assign_profile',
  summary: 'Give an agent, or all agents of a kind, a profile.',
  guidance: 'The profile of the agent goes before that of its kind.',
  kind: 'write',
  http: 'POST /profiles/{profile}/assign',
  cli: 'profiles assign <profile>',
  toolset: 'admin',
  minimumTrust: 4,
  wakes: true,
  input: z.strictObject({ profile, ...subject }),
  output: assignment,
});

export const unassignProfile = defineOperation({
  name: 'unassign_profile',
  summary: 'Take the profile of an agent, or of a kind of agents, back.',
  kind: 'write',
  http: 'POST /profiles/unassign',
  cli: 'profiles unassign',
  toolset: 'admin',
  minimumTrust: 4,
  wakes: true,
  input: z.strictObject(subject),
  output: assignment,
});

export const suspendAgent = defineOperation({
  name: 'suspend_agent',
  summary: 'Refuse everything to an agent and its subagents, from now on.',
  guidance: 'What it holds is not renewed any more; force_release_lock frees a lock at once.',
  kind: 'write',
  http: 'POST /agents/{agent}/suspend',
  cli: 'agent suspend <agent>',
  toolset: 'admin',
  minimumTrust: 4,
  wakes: true,
  input: z.strictObject({ agent, reason: text('Why, for other administrators.').optional() }),
  output: z.object({
    suspended: z.literal(true).describe('It may do nothing.'),
    agent,
    changed_sessions: changedSessions,
  }),
});

export const resumeAgent = defineOperation({
  name: 'resume_agent',
  summary: 'Let a suspended agent go on.',
  kind: 'write',
  http: 'POST /agents/{agent}/resume',
  cli: 'agent resume <agent>',
  toolset: 'admin',
  minimumTrust: 4,
  input: z.strictObject({ agent }),
  output: z.object({ resumed: z.literal(true).describe('It may go on.'), agent, changed_sessions: changedSessions }),
});

import { z } from 'zod';
import { agentName, count, hint, instant, limit, word } from '../fields.ts';
import { defineOperation } from '../operation.ts';

const rule = word('Name of the rule.');
const action = z.enum(['allow', 'deny']).describe('What it says about hosts that match.');
const pattern = z
  .string()
  .min(1)
  .max(300)
  .describe(
    'A host, *.name for the hosts below a name, an address, a network such as 10.0.0.0/8, or * for any public host.',
  );
const priority = z
  .int()
  .min(0)
  .max(100)
  .describe('Rules with a lower number decide first, then narrower patterns; 0 only for all projects.');
const agent = agentName('Only for this agent.');
const profile = z.string().min(1).max(64).describe('Only for agents with this profile.');
const agentType = word('Only for agents of this kind.');
const allProjects = z
  .boolean()
  .default(false)
  .describe('For all projects, which only the machine that runs the coordinator may change.');

export const checkNetwork = defineOperation({
  name: 'check_network',
  summary: 'Ask whether you may reach a host.',
  guidance: 'Unknown hosts are denied, and private addresses unless a rule names them. Each decision is counted.',
  kind: 'read',
  http: 'POST /network/check',
  cli: 'network check <host>',
  toolset: 'policies',
  minimumTrust: 1,
  computed: true,
  input: z.strictObject({
    host: z.string().min(1).max(8192).describe('A URL, a host, or host:port.'),
    addresses: z
      .array(z.string().min(2).max(45).describe('An IPv4 or IPv6 address.'))
      .max(32)
      .default([])
      .describe('What the name resolves to, if you will connect: private ones need a rule of their own.'),
  }),
  output: z.object({
    allowed: z.boolean().describe('Whether it may be reached.'),
    host: z.string().describe('The host in its one form.'),
    port: z.int().min(0).max(65_535).nullable().describe('The port, where the input says one.'),
    reason: z
      .enum(['rule', 'denied_by_rule', 'no_rule', 'private', 'private_address'])
      .describe('Why: rule when one allows it.'),
    rule: rule.nullable().describe('The rule that decided; null for none.'),
    hint,
  }),
});

export const setNetworkRule = defineOperation({
  name: 'set_network_rule',
  summary: 'Allow or deny agents a host, or replace the rule of that name.',
  kind: 'write',
  http: 'POST /network/rules',
  cli: 'network set <rule> <action> <pattern>',
  toolset: 'policies',
  minimumTrust: 4,
  computed: true,
  input: z.strictObject({
    rule,
    action,
    pattern,
    priority: priority.default(50),
    agent: agent.optional(),
    profile: profile.optional(),
    agent_type: agentType.optional(),
    all_projects: allProjects,
  }),
  output: z.object({
    rule,
    pattern: pattern.describe('The pattern in its one form.'),
    replaced: z.boolean().describe('True when there was one of that name.'),
  }),
});

export const listNetworkRules = defineOperation({
  name: 'list_network_rules',
  summary: 'List the rules about hosts, in the order in which they decide.',
  kind: 'read',
  http: 'GET /network/rules',
  cli: 'network list',
  toolset: 'policies',
  minimumTrust: 1,
  input: z.strictObject({}),
  output: z.object({
    rules: z
      .array(
        z.object({
          rule,
          action,
          pattern,
          priority,
          agent: agent.nullable(),
          profile: profile.nullable(),
          agent_type: agentType.nullable(),
          all_projects: z.boolean().describe('True when it holds in all projects.'),
          set_by: z.string().describe('Who set it.'),
          set_at: instant('When it was set.'),
        }),
      )
      .describe('What none of them matches is denied.'),
  }),
});

export const deleteNetworkRule = defineOperation({
  name: 'delete_network_rule',
  summary: 'Remove a rule about hosts.',
  kind: 'write',
  http: 'POST /network/rules/{rule}/delete',
  cli: 'network delete <rule>',
  toolset: 'policies',
  minimumTrust: 4,
  input: z.strictObject({ rule, all_projects: allProjects }),
  output: z.object({ deleted: z.literal(true).describe('It decides nothing any more.'), rule }),
});

export const listNetworkDecisions = defineOperation({
  name: 'list_network_decisions',
  summary: 'List what was decided about hosts, counted by hour, agent, host and verdict.',
  kind: 'read',
  http: 'GET /network/decisions',
  cli: 'network decisions',
  toolset: 'policies',
  minimumTrust: 3,
  input: z.strictObject({
    agent: agentName('Only of this agent.').optional(),
    allowed: z.boolean().describe('Only what was allowed, or denied.').optional(),
    limit,
  }),
  output: z.object({
    decisions: z
      .array(
        z.object({
          agent: z.string().describe('Who asked.'),
          host: z.string().describe('The host; empty for more than 200 of an agent in that hour.'),
          allowed: z.boolean().describe('What was decided.'),
          rule: z.string().nullable().describe('The rule that decided last; null for none.'),
          requests: count('How often.'),
          hour_at: instant('Begin of the hour.'),
          last_at: instant('The last time.'),
        }),
      )
      .describe('Newest first; kept for 30 days.'),
  }),
});

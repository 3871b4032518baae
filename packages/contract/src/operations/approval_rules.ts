import { z } from 'zod';
import { instant, word } from '../fields.ts';
import { defineOperation } from '../operation.ts';

const rule = word('Name of the rule.');
const actionType = word('Kind of action that it approves.');
const agent = z.string().min(1).max(128).describe('Only when this agent asks.');
const agentType = word('Only when an agent of this kind asks.');
const maxRisk = z.enum(['low', 'medium', 'high']).describe('Highest risk that it approves, as the requester says it.');

export const setApprovalRule = defineOperation({
  name: 'set_approval_rule',
  summary: 'Approve a kind of action from now on without asking anybody.',
  guidance: 'It never serves whoever set it. The requester says what the risk is: name an agent, too.',
  kind: 'write',
  http: 'POST /approval-rules',
  cli: 'approval-rules set <rule> <action_type>',
  toolset: 'decisions',
  minimumTrust: 4,
  input: z.strictObject({
    rule,
    action_type: actionType,
    agent: agent.optional(),
    agent_type: agentType.optional(),
    max_risk: maxRisk.default('low'),
  }),
  output: z.object({ rule, replaced: z.boolean().describe('True when there was one of that name.') }),
});

export const listApprovalRules = defineOperation({
  name: 'list_approval_rules',
  summary: 'List the rules that approve without asking anybody.',
  kind: 'read',
  http: 'GET /approval-rules',
  cli: 'approval-rules list',
  toolset: 'decisions',
  minimumTrust: 1,
  input: z.strictObject({}),
  output: z.object({
    rules: z
      .array(
        z.object({
          rule,
          action_type: actionType,
          agent: agent.nullable(),
          agent_type: agentType.nullable(),
          max_risk: maxRisk,
          set_by: z.string().describe('Who set it.'),
          set_at: instant('When it was set.'),
        }),
      )
      .describe('By name.'),
  }),
});

export const deleteApprovalRule = defineOperation({
  name: 'delete_approval_rule',
  summary: 'Remove a rule that approves without asking anybody.',
  kind: 'write',
  http: 'POST /approval-rules/{rule}/delete',
  cli: 'approval-rules delete <rule>',
  toolset: 'decisions',
  minimumTrust: 4,
  input: z.strictObject({ rule }),
  output: z.object({ deleted: z.literal(true).describe('It decides nothing any more.'), rule }),
});

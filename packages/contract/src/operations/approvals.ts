import { z } from 'zod';
import { agentFields, hint, instant, json, limit, uuid, waitSeconds, word } from '../fields.ts';
import { defineOperation } from '../operation.ts';

const approvalId = uuid('Its id.');
const actionType = word('Such as commit, deploy or delete.');
const description = z.string().min(1).max(2000).describe('What and why, for whoever decides.');
const payload = json('Exactly what will be done; it holds for nothing else.');
const risk = z.enum(['low', 'medium', 'high']).describe('What it can break.');
const reason = z.string().max(2000).describe('Why it was decided so.');
const status = z.enum(['pending', 'approved', 'denied', 'expired']).describe('expired is neither yes nor no.');
const decidedVia = z.enum(['session', 'link', 'rule']).describe('How it was decided.');
const decidedBy = z.string().describe('Agent or rule that decided; link for a person with the link.');

const approval = {
  decided: z.boolean().describe('True when there is nothing to wait for: approved, denied or expired.'),
  status,
  approval_id: approvalId,
  expires_at: instant('When it expires undecided.'),
  decided_by: decidedBy.nullable(),
  decided_via: decidedVia.nullable(),
  reason: reason.nullable(),
  used_at: instant('When it was used up.').nullable(),
  hint,
};

const declines = ({ status }: Record<string, unknown>) => status === 'denied' || status === 'expired';

export const requestApproval = defineOperation({
  name: 'request_approval',
  summary: 'Ask for approval before an action that cannot be undone.',
  guidance: 'Act only after use_approval has answered `used`.',
  kind: 'write',
  http: 'POST /approvals',
  cli: 'approval request <action_type> <description>',
  toolset: 'approvals',
  minimumTrust: 2,
  waitsWith: { operation: 'check_approval', field: 'approval_id' },
  declines,
  asks: {
    operation: 'decide_approval',
    field: 'approval_id',
    text: ({ action_type, risk, description, payload }) =>
      `The agent asks for approval: ${action_type}, risk ${risk}.\n${description}\n` +
      `Exactly this, and nothing else:\n${JSON.stringify(payload, null, 2)}`,
  },
  input: z.strictObject({
    action_type: actionType,
    description,
    payload: payload.default({}),
    risk: risk.default('medium'),
    expires_in_seconds: z.int().min(1).max(604_800).default(300).describe('Seconds until it expires undecided.'),
    wait_seconds: waitSeconds('Seconds to wait for it.'),
  }),
  output: z.object(approval),
});

export const checkApproval = defineOperation({
  name: 'check_approval',
  summary: 'See how an approval stands, or wait for it.',
  kind: 'read',
  http: 'GET /approvals/{approval_id}',
  cli: 'approval check <approval_id>',
  toolset: 'approvals',
  minimumTrust: 1,
  declines,
  input: z.strictObject({ approval_id: approvalId, wait_seconds: waitSeconds('Seconds to wait for it.') }),
  output: z.object(approval),
});

export const useApproval = defineOperation({
  name: 'use_approval',
  summary: 'Use up an approval, directly before acting on it.',
  guidance: 'It works once. Act only if it answers `used`.',
  kind: 'write',
  http: 'POST /approvals/{approval_id}/use',
  cli: 'approval use <approval_id>',
  toolset: 'approvals',
  minimumTrust: 2,
  input: z.strictObject({ approval_id: approvalId, payload: json('The payload that was approved.').default({}) }),
  output: z.object({
    used: z.boolean().describe('True: act now, once.'),
    approval_id: approvalId,
    used_at: instant('When it was used up.'),
  }),
});

export const decideApproval = defineOperation({
  name: 'decide_approval',
  summary: 'Approve or deny what another agent has asked.',
  guidance: 'Read the payload first (list_approvals): it is what will be done. Nobody decides their own requests.',
  kind: 'write',
  http: 'POST /approvals/{approval_id}/decide',
  cli: 'approval decide <approval_id> <decision>',
  shortcuts: {
    'approve <approval_id>': { decision: 'approve' },
    'reject <approval_id>': { decision: 'deny' },
  },
  toolset: 'decisions',
  minimumTrust: 3,
  wakes: true,
  input: z.strictObject({
    approval_id: approvalId,
    decision: z.enum(['approve', 'deny']).describe('The answer. It stands.'),
    reason: reason.optional(),
  }),
  output: z.object({
    decided: z.literal(true).describe('This decision counts.'),
    status: z.enum(['approved', 'denied']).describe('What it is now.'),
    approval_id: approvalId,
    requested_by: agentFields.agent,
  }),
});

export const listApprovals = defineOperation({
  name: 'list_approvals',
  summary: 'List approvals, newest first, with what each is about.',
  kind: 'read',
  http: 'GET /approvals',
  cli: 'approvals',
  toolset: 'decisions',
  minimumTrust: 1,
  input: z.strictObject({
    status: status.optional(),
    requested_by: z.string().min(1).max(128).describe('Only requests of this agent.').optional(),
    limit: limit.default(20),
    before: approvalId.describe('Page on: only those requested before this one.').optional(),
  }),
  output: z.object({
    approvals: z
      .array(
        z.object({
          approval_id: approvalId,
          status,
          risk,
          action_type: actionType,
          description,
          payload,
          payload_hash: z.string().describe('SHA-256 of the payload as Postgres prints it as jsonb.'),
          requested_by: agentFields.agent,
          requested_at: instant('When it was requested.'),
          expires_at: instant('When it expires undecided.'),
          decided_by: decidedBy.nullable(),
          decided_via: decidedVia.nullable(),
          decided_at: instant('When it was decided.').nullable(),
          reason: reason.nullable(),
          used_at: instant('When it was used up.').nullable(),
        }),
      )
      .describe('Newest first.'),
    more: z.boolean().describe('True when there are older ones: ask with `before`.'),
  }),
});

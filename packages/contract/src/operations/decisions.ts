import { z } from 'zod';
import { agentName, instant, limit, uuid, word } from '../fields.ts';
import { defineOperation } from '../operation.ts';

const decisionId = uuid('Decision, as answered by log_decision.');
const type = word('Kind of decision, such as architecture or dependency.');

export const logDecision = defineOperation({
  name: 'log_decision',
  summary: 'Record a decision and its reason.',
  guidance: 'For what others will ask about later. It stays; a later one may say that it is void.',
  kind: 'write',
  http: 'POST /decisions',
  cli: 'decision log <type> <context> <reason>',
  toolset: 'board',
  minimumTrust: 2,
  input: z.strictObject({
    type,
    context: z.string().min(1).max(8000).describe('What was decided, and about what.'),
    reason: z.string().min(1).max(8000).describe('Why so, and not otherwise.'),
  }),
  output: z.object({ logged: z.boolean().describe('True.'), decision_id: decisionId }),
});

export const listDecisions = defineOperation({
  name: 'list_decisions',
  summary: 'List decisions, newest first.',
  kind: 'read',
  http: 'GET /decisions',
  cli: 'decisions',
  toolset: 'board',
  minimumTrust: 1,
  input: z.strictObject({
    agent: agentName('Only decisions of this agent.').optional(),
    type: type.describe('Only this type.').optional(),
    limit,
    before: decisionId.describe('Page on: only decisions before this one.').optional(),
  }),
  output: z.object({
    decisions: z
      .array(
        z.object({
          decision_id: decisionId,
          type: z.string().describe('Kind of decision.'),
          context: z.string().describe('What was decided.'),
          reason: z.string().describe('Why.'),
          agent: z.string().describe('Who recorded it.'),
          decided_at: instant('When it was recorded.'),
        }),
      )
      .describe('Newest first.'),
    next_before: decisionId.nullable().describe('Pass as `before` for the next page; null at the end.'),
  }),
});

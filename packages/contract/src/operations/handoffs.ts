import { z } from 'zod';
import { agentFields, instant, uuid } from '../fields.ts';
import { automatic, handoffContents } from '../handoffs.ts';
import { defineOperation } from '../operation.ts';

const { summary, ...lists } = handoffContents;

export const writeHandoff = defineOperation({
  name: 'write_handoff',
  summary: 'Leave word for whoever works on next.',
  guidance: 'Before you stop, also when your context runs out.',
  kind: 'write',
  http: 'POST /handoffs',
  cli: 'handoff write <summary>',
  toolset: 'handoffs',
  minimumTrust: 2,
  input: z.strictObject({ summary, ...z.object(lists).partial().shape }),
  output: z.object({ handoff_id: uuid('The handoff.') }),
});

export const readHandoff = defineOperation({
  name: 'read_handoff',
  summary: 'Read what earlier sessions left, newest first.',
  kind: 'read',
  http: 'GET /handoffs',
  cli: 'handoffs',
  toolset: 'handoffs',
  minimumTrust: 1,
  input: z.strictObject({
    agent: z.string().min(1).max(128).describe('Only of this agent.').optional(),
    handoff_id: uuid('Only this one.').optional(),
    limit: z.int().min(1).max(20).default(3).describe('Most to answer.'),
  }),
  output: z.object({
    handoffs: z
      .array(
        z.object({
          handoff_id: uuid('The handoff.'),
          ...agentFields,
          session_id: uuid('Session that left it.'),
          automatic,
          created_at: instant('When.'),
          ...handoffContents,
        }),
      )
      .describe('Newest first.'),
  }),
});

import { z } from 'zod';
import { agentName, count, instant, limit, uuid } from '../fields.ts';
import { defineOperation } from '../operation.ts';

const rule = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'must be 1 to 64 of a-z 0-9 _ -, starting with a letter or digit')
  .describe('Name of the rule.');
const category = z
  .enum(['git', 'file', 'database', 'credential', 'deployment', 'system', 'guard'])
  .describe('What it protects.');
const severity = z
  .enum(['log', 'warn', 'needs_approval', 'block'])
  .describe('block and needs_approval stop what matches; warn tells; log only records.');
const bypassTrust = z.int().min(0).max(4).describe('Trust from which the rule only warns.');
const verdict = z.enum(['allow', 'warn', 'needs_approval', 'block']).describe('The heaviest of the violations.');
const rulesVersion = z
  .string()
  .describe('Which rules judged: the number of those built in, and of those of the project.');
const matchedText = z.string().describe('The part that falls under it, shortened, without secrets.');
const message = z.string().describe('What is wrong.');
const advice = z.string().describe('What to do instead.');
const examples = (description: string) => z.array(z.string().min(1).max(1000)).max(20).describe(description).optional();

export const checkGuardrails = defineOperation({
  name: 'check_guardrails',
  summary: 'Ask whether a command, a statement or a change may be done.',
  guidance:
    'Before a command that could destroy something. If `safe` is false, do not run it: do what `advice` says, or ' +
    'request_approval for exactly that command.',
  kind: 'write',
  http: 'POST /guardrails/check',
  cli: 'guardrails check <operation_text>',
  toolset: 'guardrails',
  minimumTrust: 1,
  computed: true,
  input: z.strictObject({
    operation_text: z.string().min(1).describe('The command, SQL or code, exactly as it would run.'),
    context: z
      .enum(['shell', 'sql', 'git', 'path', 'code'])
      .describe('What the text is; found out when left out.')
      .optional(),
    file_paths: z.array(z.string().min(1).max(1024)).max(200).describe('Files that it would change.').optional(),
  }),
  output: z.object({
    safe: z.boolean().describe('True when it may be done.'),
    verdict,
    violations: z
      .array(
        z.object({
          rule,
          category,
          severity,
          bypass_trust: bypassTrust.nullable(),
          bypassed: z.boolean().describe('True when the caller is trusted enough, so that it only warns.'),
          matched_text: matchedText,
          message,
          advice,
        }),
      )
      .describe('Rules that it falls under, the heaviest first.'),
    rules_version: rulesVersion,
  }),
});

export const listGuardrailRules = defineOperation({
  name: 'list_guardrail_rules',
  summary: 'List the rules that guard this project, those built in and its own.',
  kind: 'read',
  http: 'GET /guardrails/rules',
  cli: 'guardrails list',
  toolset: 'guardrails',
  minimumTrust: 1,
  computed: true,
  input: z.strictObject({}),
  output: z.object({
    rules: z
      .array(
        z.object({
          rule,
          category,
          severity,
          bypass_trust: bypassTrust
            .nullable()
            .describe('Trust from which it only warns; null: it counts for everybody.'),
          message,
          advice,
          built_in: z.boolean().describe('True when the product knows it, false when the project has made it.'),
          pattern: z.string().nullable().describe('What a rule of the project looks for.'),
          set_by: z.string().nullable().describe('Who made or changed it; null: nobody.'),
          set_at: instant('When that was.').nullable(),
        }),
      )
      .describe('Those of the project first.'),
    rules_version: rulesVersion,
  }),
});

export const setGuardrailRule = defineOperation({
  name: 'set_guardrail_rule',
  summary: 'Make a guardrail rule for this project, or change how much a built-in one weighs.',
  guidance:
    'With `pattern` it is a rule of the project: RE2, matched against each command as it would run. Without, `rule` ' +
    'names a built-in one. Without `bypass_trust` it counts for everybody.',
  kind: 'write',
  http: 'POST /guardrails/rules',
  cli: 'guardrails set <rule>',
  toolset: 'guardrails',
  minimumTrust: 4,
  computed: true,
  input: z.strictObject({
    rule,
    pattern: z.string().min(1).max(1000).describe('RE2 pattern: no look-around, no back-references.').optional(),
    category: category.default('guard'),
    severity: severity.default('block'),
    bypass_trust: bypassTrust.optional(),
    message: message.max(500).optional(),
    advice: advice.max(500).optional(),
    matching_examples: examples('Texts that the pattern must match; it is refused otherwise.'),
    other_examples: examples('Texts that it must not match.'),
  }),
  output: z.object({
    rule,
    replaced: z.boolean().describe('True when the project had set one of that name.'),
    version: count('Number of the rules of the project from now on.'),
  }),
});

export const deleteGuardrailRule = defineOperation({
  name: 'delete_guardrail_rule',
  summary: 'Remove a guardrail rule of this project, or what was changed of a built-in one.',
  kind: 'write',
  http: 'POST /guardrails/rules/{rule}/delete',
  cli: 'guardrails delete <rule>',
  toolset: 'guardrails',
  minimumTrust: 4,
  input: z.strictObject({ rule }),
  output: z.object({
    deleted: z.literal(true).describe('It does not count any more.'),
    rule,
    version: count('Number of the rules of the project from now on.'),
  }),
});

const violationId = uuid('Violation.');

export const listGuardrailViolations = defineOperation({
  name: 'list_guardrail_violations',
  summary: 'List what guardrails have stopped or warned of, newest first.',
  kind: 'read',
  http: 'GET /guardrails/violations',
  cli: 'guardrails violations',
  toolset: 'guardrails',
  minimumTrust: 1,
  input: z.strictObject({
    rule: rule.describe('Only of this rule.').optional(),
    agent: agentName('Only of this agent.').optional(),
    limit,
    before: violationId.describe('Page on: only violations before this one.').optional(),
  }),
  output: z.object({
    violations: z
      .array(
        z.object({
          violation_id: violationId,
          happened_at: instant('When.'),
          agent: z.string().describe('Who asked.'),
          session_id: uuid('Session that asked.'),
          operation: z.string().describe('What was called: check_guardrails, or what carried the text.'),
          rule,
          category,
          severity,
          bypassed: z.boolean().describe('True when the caller was trusted enough.'),
          verdict,
          matched_text: matchedText,
          rules_version: rulesVersion,
        }),
      )
      .describe('Newest first. Kept for 90 days.'),
    next_before: violationId.nullable().describe('Pass as `before` for the next page; null at the end.'),
  }),
});

import { z } from 'zod';
import { hint, instant, json, limit } from '../fields.ts';
import { defineOperation } from '../operation.ts';

const policy = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'must be 1 to 64 of a-z 0-9 _ -, starting with a letter or digit')
  .describe('Name of the policy.');
const policyText = z.string().min(1).max(65_536).describe('One policy in the Cedar language.');
const allProjects = z
  .boolean()
  .default(false)
  .describe('For all projects, which only the machine that runs the coordinator may change.');
const version = z.int().min(0).max(2_147_483_647);
const newVersion = version.describe('Version of the set that is in force now.');
const problems = z
  .array(
    z.object({
      policy: z.string().describe('The policy.'),
      line: z.int().min(1).max(65_536).nullable().describe('Line in it; null when it is about the whole.'),
      message: z.string().describe('What is wrong.'),
      help: z.string().nullable().describe('What may help.'),
    }),
  )
  .describe('Errors of the language and of the schema; empty for a good policy.');

export const checkPolicy = defineOperation({
  name: 'check_policy',
  summary: 'Ask whether you may call an operation, and why, without calling it.',
  guidance: 'Limits, such as calls an hour, are not asked.',
  kind: 'read',
  http: 'POST /policies/check',
  cli: 'policy check <operation> [resource]',
  toolset: 'policies',
  minimumTrust: 1,
  computed: true,
  input: z.strictObject({
    operation: z
      .string()
      .regex(/^[a-z_]{1,64}$/, 'must be the name of an operation such as acquire_lock')
      .describe('Name of the operation.'),
    resource: z
      .string()
      .min(1)
      .max(1024)
      .describe('What it would be about: a path, task:<task_id>, domain:<host>; the project when left out.')
      .optional(),
    context: json('Input that it would be called with; policies may look at it.').optional(),
  }),
  output: z.object({
    allowed: z.boolean().describe('Whether the call would be let through.'),
    reason: z
      .enum(['permitted', 'insufficient_trust_level', 'operation_not_permitted', 'suspended', 'policy_error'])
      .describe('Why, in a word.'),
    engine: z.enum(['native', 'cedar']).describe('What decided: the database alone, or Cedar beside it.'),
    hint,
    diagnostics: z
      .object({
        trust: z.int().min(0).max(4).describe('How much you are trusted.'),
        minimum_trust: z.int().min(0).max(4).describe('How much it needs.'),
        policies: z.array(z.string()).describe('Policies that decided; all: those of all projects.'),
        errors: z.array(z.string()).describe('What could not be evaluated, which denies.'),
      })
      .describe('What led to it.'),
  }),
});

export const validateCedarPolicy = defineOperation({
  name: 'validate_cedar_policy',
  summary: 'Check a Cedar policy against the schema, without storing it.',
  kind: 'read',
  http: 'POST /policies/validate',
  cli: 'policy validate <policy_text>',
  toolset: 'policies',
  minimumTrust: 1,
  computed: true,
  input: z.strictObject({ policy_text: policyText, policy: policy.default('policy') }),
  output: z.object({ valid: z.boolean().describe('True when it could be stored.'), problems }),
});

export const setCedarPolicy = defineOperation({
  name: 'set_cedar_policy',
  summary: 'Store a Cedar policy, or replace the one of that name.',
  guidance:
    'It is in force everywhere within 5 s, where POLICY_ENGINE is cedar. It can only take away: the database decides too.',
  kind: 'write',
  http: 'POST /policies',
  cli: 'policy set <policy> <policy_text>',
  toolset: 'policies',
  minimumTrust: 4,
  computed: true,
  input: z.strictObject({ policy, policy_text: policyText, all_projects: allProjects }),
  output: z.object({
    policy,
    replaced: z.boolean().describe('True when there was a stored one of that name.'),
    version: newVersion,
    hint,
  }),
});

export const deleteCedarPolicy = defineOperation({
  name: 'delete_cedar_policy',
  summary: 'Remove a stored Cedar policy; a default one of its name is in force again.',
  kind: 'write',
  http: 'POST /policies/{policy}/delete',
  cli: 'policy delete <policy>',
  toolset: 'policies',
  minimumTrust: 4,
  computed: true,
  input: z.strictObject({ policy, all_projects: allProjects }),
  output: z.object({
    deleted: z.literal(true).describe('It decides nothing any more.'),
    policy,
    version: newVersion,
  }),
});

export const listCedarPolicies = defineOperation({
  name: 'list_cedar_policies',
  summary: 'List the stored Cedar policies in force, and their versions.',
  kind: 'read',
  http: 'GET /policies',
  cli: 'policy list',
  toolset: 'policies',
  minimumTrust: 3,
  input: z.strictObject({ limit }),
  output: z.object({
    policies: z
      .array(
        z.object({
          policy,
          policy_text: policyText,
          all_projects: z.boolean().describe('True when it is in force in all projects.'),
        }),
      )
      .describe('Beside the default policies; one of the same name replaces the default.'),
    versions: z
      .array(
        z.object({
          version: version.describe('Version of the set.'),
          change: z.string().describe('What it changed.'),
          all_projects: z.boolean().describe('True when it is of the set of all projects.'),
          set_by: z.string().describe('Who changed it.'),
          set_at: instant('When it was changed.'),
        }),
      )
      .describe('Newest first.'),
  }),
});

export const rollbackCedarPolicies = defineOperation({
  name: 'rollback_cedar_policies',
  summary: 'Put the stored Cedar policies of an earlier version in force again.',
  guidance: 'Version 0 is none, with which only the default policies hold.',
  kind: 'write',
  http: 'POST /policies/rollback',
  cli: 'policy rollback <version>',
  toolset: 'policies',
  minimumTrust: 4,
  computed: true,
  input: z.strictObject({ version: version.describe('Version to go back to.'), all_projects: allProjects }),
  output: z.object({
    rolled_back: z.literal(true).describe('They are in force again.'),
    from_version: version.describe('Version that was in force before.'),
    version: newVersion,
  }),
});

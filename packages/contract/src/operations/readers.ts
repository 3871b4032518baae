import { z } from 'zod';
import { instant, uuid } from '../fields.ts';
import { defineOperation } from '../operation.ts';

const userId = uuid('Id of a user of the Supabase project.');
const visibility = z
  .enum(['private', 'public'])
  .describe('public: everybody reads it without a login, but not messages, approvals, members and refusals.');

export const addProjectMember = defineOperation({
  name: 'add_project_member',
  summary: 'Let a user of Supabase read this project in dashboards.',
  guidance: 'A member reads everything that is shown of the project, messages and approvals too, and changes nothing.',
  kind: 'write',
  http: 'POST /project/members',
  cli: 'members add <user_id>',
  toolset: 'admin',
  minimumTrust: 4,
  input: z.strictObject({ user_id: userId }),
  output: z.object({ user_id: userId, added: z.boolean().describe('False when the user was a member already.') }),
});

export const removeProjectMember = defineOperation({
  name: 'remove_project_member',
  summary: 'Let a user of Supabase read this project no longer.',
  kind: 'write',
  http: 'POST /project/members/{user_id}/remove',
  cli: 'members remove <user_id>',
  toolset: 'admin',
  minimumTrust: 4,
  input: z.strictObject({ user_id: userId }),
  output: z.object({ removed: z.literal(true).describe('From the next query on.'), user_id: userId }),
});

export const listProjectMembers = defineOperation({
  name: 'list_project_members',
  summary: 'List who may read this project in dashboards.',
  kind: 'read',
  http: 'GET /project/members',
  cli: 'members list',
  toolset: 'admin',
  minimumTrust: 4,
  input: z.strictObject({}),
  output: z.object({
    visibility,
    members: z
      .array(
        z.object({
          user_id: userId,
          added_at: instant('When it was added.'),
          added_by: z.string().nullable().describe('Agent that added it.'),
        }),
      )
      .describe('In the order in which they were added.'),
  }),
});

export const setProjectVisibility = defineOperation({
  name: 'set_project_visibility',
  summary: 'Show this project to everybody, or to its members alone.',
  kind: 'write',
  http: 'POST /project/visibility',
  cli: 'projects visibility <visibility>',
  toolset: 'admin',
  minimumTrust: 4,
  input: z.strictObject({ visibility }),
  output: z.object({ visibility }),
});

export const createReadToken = defineOperation({
  name: 'create_read_token',
  summary: 'Make a token with which a dashboard reads this project through PostgREST.',
  guidance: 'It reads what a member reads, changes nothing, and ends soon: ask for another one then.',
  kind: 'write',
  http: 'POST /project/read-tokens',
  cli: 'projects token',
  toolset: 'admin',
  minimumTrust: 4,
  computed: true,
  input: z.strictObject({
    expires_in_minutes: z.int().min(1).max(1440).default(60).describe('Minutes until it stops working.'),
  }),
  output: z.object({
    token: z.string().describe('Send it as Authorization: Bearer. It is kept nowhere.'),
    expires_at: instant('When it stops working.'),
  }),
});

export const revokeReadTokens = defineOperation({
  name: 'revoke_read_tokens',
  summary: 'Make all tokens for reading this project worthless at once.',
  guidance: 'Users who are members go on reading: see remove_project_member.',
  kind: 'write',
  http: 'POST /project/read-tokens/revoke',
  cli: 'projects revoke-tokens',
  toolset: 'admin',
  minimumTrust: 4,
  input: z.strictObject({}),
  output: z.object({ revoked: z.literal(true).describe('From the next query on.') }),
});
